//! Through the real catcher: what is taken, and what happens when it is not there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::notification::NotificationKind;
use jiff::SignedDuration;
use participants::notification::mail::Mail;
use participants::notification::smtp::MailError;
use runtime::health::{Health, watch};
use tokio_util::sync::CancellationToken;

use crate::fixture::{PATIENCE, line, mail, mailer, mailer_within, recipient, sender};

#[tokio::test]
async fn a_mail_that_is_sent_again_is_the_same_mail() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mailer = mailer(catcher.url());
    let (sender, clock) = sender();
    let to = recipient("ada@example.org", "2", vec![line("i", "Größe", "1.00", 2)]);
    let written = || {
        let mail = sender.compose("order-1", NotificationKind::Failed, &to, None);
        mail.unwrap()
    };
    mailer.send(&written()).await.unwrap();
    clock.advance(SignedDuration::from_secs(3600));
    let again = written();
    mailer.send(&again).await.unwrap();

    let ids = catcher.message_ids().await.unwrap();
    let id = again.message_id().trim_matches(['<', '>']);
    assert_eq!(ids, [id, id]);
    let mails = catcher.mails(id).await.unwrap();
    assert!(
        mails[0]
            .raw
            .contains("\r\nDate: Sat, 21 Nov 2026 11:00:00 +0000\r\n")
    );
    let dated = mails[1].raw.replace("2026 10:00:00", "2026 11:00:00");
    assert_eq!(mails[0].raw, dated);
}

#[tokio::test]
async fn recipients_are_refused_for_good_or_for_now() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mailer = mailer(catcher.url());
    for _ in 0..2 {
        let refused = mailer.send(&mail("order-1", "refused@example.org")).await;
        let refused = refused.unwrap_err();
        assert!(refused.is_permanent(), "{refused:?}");
        assert!(
            refused.to_string().contains("there is no such mailbox"),
            "{refused}"
        );
    }
    let later = mail("order-2", "later@example.org");
    let turned_away = mailer.send(&later).await.unwrap_err();
    assert!(
        matches!(turned_away, MailError::Later(_)),
        "{turned_away:?}"
    );
    assert!(!turned_away.is_permanent());
    mailer.send(&later).await.unwrap();
    mailer
        .send(&mail("order-3", "ada@example.org"))
        .await
        .unwrap();
    assert_eq!(catcher.message_ids().await.unwrap().len(), 2);
}

#[tokio::test]
async fn addresses_beyond_ascii_are_delivered_where_the_server_can() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mail = mail("order-1", "jürgen@bücher.example");
    mailer(catcher.url()).send(&mail).await.unwrap();
    let mails = catcher.mails(mail.message_id()).await.unwrap();
    let envelope = "Delivered-To: jürgen@xn--bcher-kva.example\r\n";
    assert!(mails[0].raw.contains(envelope), "{}", mails[0].raw);
    assert_eq!(mails[0].to, ["jürgen@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn what_was_taken_outlives_the_server_and_the_rest_goes_out_later() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mailer = mailer(catcher.url());
    mailer.probe().await.unwrap();
    let (first, second) = (mail("order-1", "a@b"), mail("order-2", "a@b"));
    mailer.send(&first).await.unwrap();

    catcher.kill().unwrap();
    for _ in 0..2 {
        let away = mailer.send(&second).await.unwrap_err();
        assert!(matches!(away, MailError::Away(_)), "{away:?}");
        assert!(matches!(mailer.probe().await, Err(MailError::Away(_))));
    }
    catcher.start().await.unwrap();
    mailer.probe().await.unwrap();
    mailer.send(&second).await.unwrap();
    for mail in [first, second] {
        assert_eq!(catcher.mails(mail.message_id()).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mail_is_lost_when_the_server_is_killed_among_many() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mailer = Arc::new(mailer(catcher.url()));
    let mails: Vec<_> = (0..300)
        .map(|n| mail(&format!("order-{n}"), "a@b"))
        .collect();
    let sending: Vec<_> = mails
        .iter()
        .map(|mail| {
            let (mailer, mail) = (Arc::clone(&mailer), mail.clone());
            tokio::spawn(async move { mailer.send(&mail).await })
        })
        .collect();
    let begun = Instant::now();
    while sending.iter().filter(|sent| sent.is_finished()).count() < 50 {
        assert!(begun.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    catcher.kill().unwrap();
    let (mut taken, mut missed) = (Vec::new(), Vec::new());
    for (mail, sent) in mails.iter().zip(sending) {
        match sent.await.unwrap() {
            Ok(()) => taken.push(mail),
            Err(MailError::Away(_)) => missed.push(mail),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(
        taken.len() >= 50 && !missed.is_empty(),
        "{} taken",
        taken.len()
    );

    catcher.start().await.unwrap();
    let kept = catcher.message_ids().await.unwrap();
    let is_kept = |mail: &Mail| {
        let id = mail.message_id().trim_matches(['<', '>']);
        kept.iter().any(|kept| kept == id)
    };
    assert!(taken.iter().all(|mail| is_kept(mail)));
    for mail in missed {
        mailer.send(mail).await.unwrap();
    }
    let mut all = catcher.message_ids().await.unwrap();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), mails.len());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_away_in_time() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mailer = mailer_within(catcher.url(), Duration::from_millis(300));
    let kept = mail("order-1", "a@b");
    mailer.send(&kept).await.unwrap();
    catcher.pause().unwrap();
    // On the connection that is kept, then on a new one.
    for _ in 0..2 {
        let sending = tokio::time::timeout(PATIENCE, mailer.send(&kept)).await;
        let away = sending.unwrap().unwrap_err();
        assert_eq!(away, MailError::Away("no answer within 0.3 s".to_owned()));
    }
    catcher.resume().unwrap();
    let unhurried = crate::fixture::mailer(catcher.url());
    unhurried.send(&mail("order-2", "a@b")).await.unwrap();
}

#[tokio::test]
async fn readiness_follows_the_server() {
    let catcher = devstack::private_mail_catcher().await.unwrap();
    let mailer = Arc::new(mailer(catcher.url()));
    let (health, stop) = (Health::default(), CancellationToken::new());
    let ask = move || {
        let mailer = Arc::clone(&mailer);
        async move { mailer.probe().await }
    };
    let watching = tokio::spawn(watch(health.check("smtp"), stop.clone(), ask));
    let comes_to = async |ready| {
        let begun = Instant::now();
        while health.is_ready() != ready {
            assert!(begun.elapsed() < PATIENCE, "{:?}", health.report());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    comes_to(true).await;
    catcher.kill().unwrap();
    comes_to(false).await;
    catcher.start().await.unwrap();
    comes_to(true).await;
    stop.cancel();
    watching.await.unwrap();
}
