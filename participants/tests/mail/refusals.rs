//! Whose fault it is when a mail is not taken.

use std::sync::Arc;
use std::time::Duration;

use participants::notification::smtp::MailError;

use crate::fixture::{mail, mailer};
use crate::scripted::{HANG_UP, SILENCE, Safety, Scripted};

type Rules = &'static [(&'static str, &'static str)];

async fn outcome(rules: Rules, email: &str) -> Result<(), MailError> {
    let server = Scripted::start(rules, Safety::None).await;
    mailer(&server.url()).send(&mail("order-1", email)).await
}

#[tokio::test]
async fn a_server_that_serves_nobody_is_away() {
    for rules in [
        &[("CONNECT", "554 no service here")] as Rules,
        &[("CONNECT", "421 too many connections")],
        &[("CONNECT", HANG_UP)],
        &[("CONNECT", "no mail server at all")],
        &[("EHLO", "550 not you")],
        &[("MAIL", "530 authentication required")],
        &[("RCPT", "421 shutting down")],
        &[("MAIL", HANG_UP)],
        &[(".", HANG_UP)],
    ] {
        let away = outcome(rules, "a@b").await;
        assert!(
            matches!(away, Err(MailError::Away(_))),
            "{rules:?}: {away:?}"
        );
    }
}

#[tokio::test]
async fn what_is_said_of_the_mail_is_about_the_mail() {
    for rules in [
        &[("MAIL", "550 not from you")] as Rules,
        &[("RCPT", "550 no such mailbox")],
        &[("RCPT", "553 no such host")],
        &[("DATA", "554 no")],
        &[(".", "552 too large")],
    ] {
        let refused = outcome(rules, "a@b").await;
        let refused = refused.err().filter(MailError::is_permanent);
        let said = refused.map(|refused| refused.to_string());
        let text = &rules[0].1[4..];
        assert!(
            said.as_ref().is_some_and(|said| said.contains(text)),
            "{rules:?}: {said:?}"
        );
    }
    for rules in [
        &[("RCPT", "450 greylisted")] as Rules,
        &[("RCPT", "452 mailbox full")],
        &[(".", "451 try again")],
    ] {
        let later = outcome(rules, "a@b").await;
        assert!(
            matches!(later, Err(MailError::Later(_))),
            "{rules:?}: {later:?}"
        );
    }
    // This one has no SMTPUTF8.
    let refused = outcome(&[], "jürgen@b").await;
    assert!(matches!(refused, Err(MailError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn connections_are_few_and_kept() {
    let server = Scripted::start(&[], Safety::None).await;
    let mailer = Arc::new(mailer(&server.url()));
    let sending = (0..40).map(|n| {
        let mailer = Arc::clone(&mailer);
        tokio::spawn(async move { mailer.send(&mail(&format!("order-{n}"), "a@b")).await })
    });
    for sent in sending.collect::<Vec<_>>() {
        sent.await.unwrap().unwrap();
    }
    mailer.probe().await.unwrap();
    let heard = server.heard();
    let count = |verb| heard.iter().filter(|line| *line == verb).count();
    assert_eq!(count("."), 40);
    assert!((1..=4).contains(&count("CONNECT")), "{heard:?}");
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_good_or_the_next_mail_gets_another() {
    for (rules, connections) in [
        (&[("RCPT", "550 no such mailbox")] as Rules, 1),
        (&[("RCPT", "550 no such mailbox"), ("RSET", HANG_UP)], 3),
    ] {
        let server = Scripted::start(rules, Safety::None).await;
        let mailer = mailer(&server.url());
        for _ in 0..3 {
            let refused = mailer.send(&mail("order-1", "a@b")).await;
            assert!(matches!(refused, Err(MailError::Refused(_))), "{refused:?}");
        }
        let heard = server.heard();
        let count = heard.iter().filter(|line| *line == "CONNECT").count();
        assert_eq!(count, connections, "{heard:?}");
    }
}

/// Its answer is still to come: the next mail must not take it for one of its own.
#[tokio::test]
async fn a_connection_whose_mail_was_given_up_is_not_used_again() {
    let server = Scripted::start(&[(".", SILENCE)], Safety::None).await;
    let mailer = mailer(&server.url());
    let short = Duration::from_millis(300);
    for _ in 0..2 {
        let mail = mail("order-1", "a@b");
        let given_up = tokio::time::timeout(short, mailer.send(&mail)).await;
        assert!(given_up.is_err());
    }
    let heard = server.heard();
    let connections = heard.iter().filter(|line| *line == "CONNECT").count();
    assert_eq!(connections, 2, "{heard:?}");
    assert!(!heard.iter().any(|line| line == "RSET"), "{heard:?}");
}
