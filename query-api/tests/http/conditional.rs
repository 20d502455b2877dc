//! What the caller has already is not sent again.

use http::StatusCode;
use read_models::{HeldBack, OrderDocument};

use crate::api::{Api, order};

#[tokio::test]
async fn an_order_of_the_same_version_is_not_sent_again() {
    let api = Api::with(&[order("o-1")]).await;
    for path in ["/api/orders/o-1", "/api/orders/o-1/history"] {
        let first = api.get(path).await;
        let etag = first.headers["etag"].to_str().unwrap();
        assert_eq!(first.headers["cache-control"], "no-cache");
        let weak = format!("\"0\", W/{etag}");
        for known in [etag, &weak, "*"] {
            let again = api.get_with(path, &[("if-none-match", known)]).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers["etag"], etag);
            assert!(again.headers.contains_key("projection-lag"));
            assert_eq!(again.text, "");
        }
        let other = api.get_with(path, &[("if-none-match", "\"2\"")]).await;
        assert_eq!(other.status, StatusCode::OK);
        assert_eq!(other.text, first.text);
    }
    let absent = api
        .get_with("/api/orders/o-2", &[("if-none-match", "*")])
        .await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

/// A hold makes another answer of the same version.
#[tokio::test]
async fn what_is_held_back_is_always_sent() {
    let held = OrderDocument {
        held_back: Some(HeldBack {
            dead_letter_id: "d-1".to_owned(),
            from_version: 2,
            newest_seen: 2,
        }),
        ..order("o-1")
    };
    let api = Api::with(&[held]).await;
    let answer = api
        .get_with("/api/orders/o-1", &[("if-none-match", "\"1\"")])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.json()["heldBack"]["fromVersion"], 2);
}
