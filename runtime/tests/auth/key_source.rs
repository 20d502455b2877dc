use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use runtime::config::AuthArgs;
use serde_json::json;

use crate::api::Api;
use crate::issuer::{AUDIENCE, ISSUER, Key, jwks};

/// An issuer's server: what it answers, and how often it was asked.
#[derive(Clone, Default)]
struct Issuer {
    keys: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

async fn answer(State(issuer): State<Issuer>) -> Result<String, StatusCode> {
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    let keys = issuer.keys.lock().unwrap().clone();
    keys.ok_or(StatusCode::BAD_GATEWAY)
}

impl Issuer {
    async fn api(&self) -> Api {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/jwks", get(answer))
            .with_state(self.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        let args = AuthArgs {
            jwt_jwks_url: Some(url.parse().unwrap()),
            jwt_issuer: Some(ISSUER.to_owned()),
            jwt_audience: Some(AUDIENCE.to_owned()),
            ..AuthArgs::default()
        };
        Api::with((args, tempfile::tempdir().unwrap()))
    }

    fn serves(&self, keys: Option<&[(&str, &Key)]>) {
        *self.keys.lock().unwrap() = keys.map(jwks);
    }
}

#[tokio::test]
async fn a_new_key_is_looked_for_once_and_an_issuer_that_is_away_takes_nothing_away() {
    let (one, two) = (Key::ed(), Key::ed());
    let issuer = Issuer::default();
    issuer.serves(Some(&[("one", &one)]));
    let api = issuer.api().await;
    let first = format!("Bearer {}", one.token("one", json!({})));
    api.becomes("/read", &first, StatusCode::OK).await;
    assert!(api.health.is_ready());

    issuer.serves(Some(&[("one", &one), ("two", &two)]));
    let before = issuer.asked.load(Ordering::SeqCst);
    let second = two.token("two", json!({}));
    assert_eq!(api.bearer("/read", &second).await.status, StatusCode::OK);
    for made_up in 0..20 {
        let token = two.token(&format!("made-up-{made_up}"), json!({}));
        api.bearer("/read", &token).await.is_refused();
    }
    let asked = issuer.asked.load(Ordering::SeqCst) - before;
    assert_eq!(asked, 1, "made-up ids became requests");

    issuer.serves(None);
    assert_eq!(api.bearer("/read", &second).await.status, StatusCode::OK);
    assert!(api.health.is_ready());
}

#[tokio::test]
async fn an_issuer_that_was_never_there_is_no_fault_of_the_caller() {
    let key = Key::ed();
    let issuer = Issuer::default();
    let api = issuer.api().await;
    let token = format!("Bearer {}", key.token("a", json!({})));
    let answer = api.get("/read", &[&token]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(!api.health.is_ready());
    // Keys that cannot be used are none.
    *issuer.keys.lock().unwrap() = Some(json!({"keys": [{"kty": "oct", "k": "AAAA"}]}).to_string());
    let answer = api.get("/read", &[&token]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    issuer.serves(Some(&[("a", &key)]));
    api.becomes("/read", &token, StatusCode::OK).await;
    assert!(api.health.is_ready());
}
