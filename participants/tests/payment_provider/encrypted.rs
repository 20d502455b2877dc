use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use participants::payment::provider::{NotNow, Provider, ProviderConfig, ProviderError};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use runtime::config::Secret;
use runtime::health::Health;
use runtime::http::{ConnectionLimits, Tls, bind, serve};
use tokio_util::sync::CancellationToken;

use crate::simulated::KEY;

/// Somebody else's certificate is worth nothing: the key is not shown to who has it.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let tls = Arc::new(Tls::read(&certificate, &key).unwrap());

    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let router = Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { "{}" }
    });
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (limits, stop) = (ConnectionLimits::default(), CancellationToken::new());
    tokio::spawn(serve(listener, router, limits, Some(tls), stop));

    let config = ProviderConfig::new(format!("https://localhost:{port}"), Secret::new(KEY));
    let provider = Provider::new(config, &Health::default()).unwrap();
    let refused = provider.cancel("o-1").await;
    let Err(ProviderError::NotNow(NotNow::Unreachable(why))) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}
