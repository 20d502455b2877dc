//! Over TLS, from the start or by STARTTLS, and the password never without it.

use std::sync::Arc;

use clap::Parser;
use participants::notification::smtp::{MailError, Mailer, SmtpArgs};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::fixture::mail;
use crate::scripted::{Safety, Scripted};

/// `\0user\0pass word`, and nothing else, is let in.
const WITH_PASSWORD: &[(&str, &str)] = &[
    ("EHLO", "250-scripted\r\n250-STARTTLS\r\n250 AUTH PLAIN"),
    ("AUTH", "235 welcome"),
];
const WITHOUT_STARTTLS: &[(&str, &str)] = &[("EHLO", "250-scripted\r\n250 AUTH PLAIN")];
const ACCOUNT_REFUSED: &[(&str, &str)] = &[
    ("EHLO", "250-scripted\r\n250 AUTH PLAIN"),
    ("AUTH", "535 wrong password"),
];

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    smtp: SmtpArgs,
}

/// As the command line takes it.
fn mailer(url: &str, authority: Option<&TempDir>) -> Mailer {
    let mut line = vec!["test".to_owned(), "--smtp-url".to_owned(), url.to_owned()];
    if let Some(folder) = authority {
        let file = folder.path().join("ca.pem").display().to_string();
        line.extend(["--smtp-ca-file".to_owned(), file]);
    }
    Mailer::new(&Args::parse_from(line).smtp).unwrap()
}

fn certified() -> (TempDir, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (folder, TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn from_the_start_and_by_starttls() {
    let (folder, tls) = certified();
    let from_the_start = Scripted::start(WITH_PASSWORD, Safety::FromTheStart(tls.clone())).await;
    let starttls = Scripted::start(WITH_PASSWORD, Safety::StartTls(tls)).await;
    for (server, url) in [
        (
            &from_the_start,
            format!("smtps://user:pass%20word@localhost:{}", from_the_start.port),
        ),
        (
            &starttls,
            format!(
                "smtp://user:pass%20word@localhost:{}?tls=required",
                starttls.port
            ),
        ),
    ] {
        let mail = mail("order-1", "a@b");
        mailer(&url, Some(&folder)).send(&mail).await.unwrap();
        let heard = server.heard();
        let at = |verb| heard.iter().position(|line| line == verb);
        let account = at("AUTH PLAIN AHVzZXIAcGFzcyB3b3Jk");
        assert!(account.is_some() && account > at("STARTTLS"), "{heard:?}");
        assert!(at(".").is_some(), "{heard:?}");

        let strangers = mailer(&url, None).send(&mail).await;
        assert!(
            matches!(strangers, Err(MailError::Away(_))),
            "{strangers:?}"
        );
        let accounts = |heard: &[String]| heard.iter().filter(|l| l.starts_with("AUTH")).count();
        assert_eq!(
            accounts(&server.heard()),
            1,
            "nobody else is told the password"
        );
    }
}

#[tokio::test]
async fn a_server_without_starttls_is_told_nothing() {
    let server = Scripted::start(WITHOUT_STARTTLS, Safety::None).await;
    let url = format!("smtp://user:pass@localhost:{}?tls=required", server.port);
    let away = mailer(&url, None).send(&mail("order-1", "a@b")).await;
    assert!(matches!(away, Err(MailError::Away(_))), "{away:?}");
    let heard = server.heard();
    assert!(
        heard
            .iter()
            .all(|line| line == "CONNECT" || line.starts_with("EHLO")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_not_the_mails_fault() {
    let server = Scripted::start(ACCOUNT_REFUSED, Safety::None).await;
    let url = format!("smtp://user:hunter2@127.0.0.1:{}", server.port);
    let away = mailer(&url, None)
        .send(&mail("order-1", "a@b"))
        .await
        .unwrap_err();
    assert!(matches!(away, MailError::Away(_)), "{away:?}");
    assert!(!format!("{away:?} {away}").contains("hunter2"));
    let args = Args::parse_from(["test", "--smtp-url", &url]);
    assert!(!format!("{:?}", args.smtp).contains("hunter2"));
}
