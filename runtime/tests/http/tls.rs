use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use runtime::http::Tls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::served::{GET, PATIENCE, Served, brief};

/// Writes a new certificate and its key.
fn write(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

fn read(folder: &Path) -> Arc<Tls> {
    let tls = Tls::read(&folder.join("cert.pem"), &folder.join("key.pem"));
    Arc::new(tls.unwrap())
}

/// What a client that trusts this certificate alone is answered.
async fn answer(served: &Served, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(served.addr).await?;
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let get = GET.replace("host: test", "host: test\r\nconnection: close");
    stream.write_all(get.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn serves_tls_and_follows_a_new_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(folder.path());
    let served = Served::secured(brief(), Some(read(folder.path()))).await;
    let text = answer(&served, &first).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");

    let second = write(folder.path());
    let started = Instant::now();
    while answer(&served, &second).await.is_err() {
        assert!(started.elapsed() < PATIENCE, "the old one is still served");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answer(&served, &first).await.is_err());

    // Longer than a look at the files is away.
    std::fs::write(folder.path().join("key.pem"), "half of a key").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    answer(&served, &second).await.unwrap();
}

#[tokio::test]
async fn whoever_does_not_speak_tls_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write(folder.path());
    let served = Served::secured(brief(), Some(read(folder.path()))).await;
    let (mut silent, mut plain) = (served.connect().await, served.connect().await);
    plain.send(GET).await;
    assert!(!plain.end_bytes().await.starts_with(b"HTTP"));
    assert!(silent.end_bytes().await.is_empty());
    answer(&served, &certificate).await.unwrap();
}

#[test]
fn files_that_cannot_be_used_are_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    let of_another = tempfile::tempdir().unwrap();
    write(of_another.path());
    let other = of_another.path().join("key.pem");
    std::fs::write(folder.path().join("not.pem"), "a secret").unwrap();
    let not_pem = folder.path().join("not.pem");
    for (cert, key) in [
        (&cert, &other),
        (&cert, &not_pem),
        (&not_pem, &key),
        (&cert, &folder.path().join("none")),
    ] {
        let error = Tls::read(cert, key).map(|_| ()).unwrap_err().to_string();
        assert!(!error.contains("a secret"), "{error}");
    }
}
