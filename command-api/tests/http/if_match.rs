//! Deciding on the version one has seen.

use http::StatusCode;
use http::header::{HeaderValue, IF_MATCH};

use crate::api::{Answer, Api, post};

async fn confirm(api: &Api, order: &str, if_match: &str) -> Answer {
    let path = format!("/api/orders/{order}/confirm");
    let mut request = post(&path, r#"{"paymentId":"p-1"}"#);
    let if_match = HeaderValue::from_str(if_match).unwrap();
    request.headers_mut().insert(IF_MATCH, if_match);
    api.call(request).await
}

#[tokio::test]
async fn an_order_that_has_moved_on_is_left_alone() {
    let api = Api::new().await;
    let order = api.create().await;
    let stale = confirm(&api, &order, "\"3\"").await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(stale.problem(), "version-mismatch");
    assert_eq!(stale.json()["currentVersion"], 1);
    assert_eq!(api.rows().await, (1, 1, 1));

    let fitting = confirm(&api, &order, "\"1\"").await;
    assert_eq!(fitting.status, StatusCode::OK, "{}", fitting.text);
    assert_eq!(fitting.json()["version"], 2);
    let any = confirm(&api, &order, "*").await;
    assert_eq!(any.status, StatusCode::OK, "{}", any.text);
}

#[tokio::test]
async fn a_header_that_is_no_etag_is_refused() {
    let api = Api::new().await;
    let order = api.create().await;
    for value in ["1", "W/\"1\"", "\"1\", \"2\"", "\"x\""] {
        let answer = confirm(&api, &order, value).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{value}");
        assert_eq!(answer.problem(), "malformed-if-match");
    }
    assert_eq!(api.rows().await, (1, 1, 1));
}
