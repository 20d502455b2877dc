use http::StatusCode;
use runtime::config::AuthArgs;
use serde_json::json;

use crate::api::{Api, files};
use crate::issuer::{Key, jwks};

#[tokio::test]
async fn health_and_problems_are_open_and_metrics_are_for_operators() {
    let key = Key::ed();
    let api = Api::with(files(Some(&jwks(&[("a", &key)])), None));
    let api = api.ready().await;
    for open in ["/livez", "/problems", "/problems/unauthenticated"] {
        assert_eq!(api.get(open, &[]).await.status, StatusCode::OK, "{open}");
    }
    assert_eq!(api.get("/nowhere", &[]).await.status, StatusCode::NOT_FOUND);
    for closed in ["/metrics", "/read", "/read/1", "/write"] {
        let answer = api.get(closed, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{closed}");
    }
    let reader = key.token("a", json!({}));
    assert_eq!(api.bearer("/read/1", &reader).await.status, StatusCode::OK);
    assert_eq!(
        api.bearer("/metrics", &reader).await.status,
        StatusCode::FORBIDDEN
    );
    let operator = key.token("a", json!({"scope": "ops"}));
    assert_eq!(
        api.bearer("/metrics", &operator).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_route_without_a_rule_is_not_served() {
    let key = Key::ed();
    let api = Api::with(files(Some(&jwks(&[("a", &key)])), None));
    let api = api.ready().await;
    let token = key.token("a", json!({"scope": "ops orders:read orders:write"}));
    let answer = api.bearer("/reading", &token).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let off = Api::with((AuthArgs::default(), tempfile::tempdir().unwrap()));
    let answer = off.get("/reading", &[]).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn without_authentication_everybody_is_anyone() {
    let api = Api::with((AuthArgs::default(), tempfile::tempdir().unwrap()));
    let answer = api.get("/write", &[]).await;
    assert_eq!((answer.status, &*answer.text), (StatusCode::OK, " None"));
}
