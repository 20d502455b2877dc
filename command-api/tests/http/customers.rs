//! Callers that may act for one customer only.

use http::header::IF_MATCH;
use http::{Request, StatusCode};

use crate::api::{Answer, Api, EXAMPLE, from, keyed, post};

const OWN: Option<&str> = Some("customer-123");
const OTHER: Option<&str> = Some("customer-2");

fn confirm(order: &str) -> Request<axum::body::Body> {
    post(
        &format!("/api/orders/{order}/confirm"),
        r#"{"paymentId":"p-1"}"#,
    )
}

#[tokio::test]
async fn one_orders_for_oneself_only() {
    let api = Api::new().await;
    let create = |customer| api.call(from("c", customer, post("/api/orders", EXAMPLE)));
    let refused = create(OTHER).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.problem(), "forbidden-customer");
    assert_eq!(api.rows().await, (0, 0, 0));
    assert_eq!(create(OWN).await.status, StatusCode::CREATED);
}

/// Nothing tells another's order from one that does not exist, whatever is sent along.
#[tokio::test]
async fn anothers_order_does_not_exist() {
    let api = Api::new().await;
    let (order, none) = (api.create().await, "01939d2e-0000-7000-8000-000000000000");
    let asked = async |order: &str, if_match: Option<&str>, key: Option<&str>| {
        let mut confirm = confirm(order);
        if let Some(key) = key {
            let path = confirm.uri().path().to_owned();
            confirm = keyed(key, &path, r#"{"paymentId":"p-1"}"#);
        }
        if let Some(etag) = if_match {
            let headers = confirm.headers_mut();
            headers.insert(IF_MATCH, etag.parse().unwrap());
        }
        let answer = api.call(from("c", OTHER, confirm)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
        answer.text.replace(order, "ID")
    };
    for if_match in [None, Some("\"1\""), Some("\"7\""), Some("*")] {
        for key in [None, Some("k")] {
            let told = asked(&order, if_match, key).await;
            assert_eq!(told, asked(none, if_match, key).await);
        }
    }
    let cancel = post(
        &format!("/api/orders/{order}/cancel"),
        r#"{"reason":"late"}"#,
    );
    let cancelled = api.call(from("c", OTHER, cancel)).await;
    assert_eq!(cancelled.problem(), "order-not-found");
    assert_eq!((api.rows().await, api.kept().await), ((1, 1, 1), 0));

    let own: Answer = api.call(from("c", OWN, confirm(&order))).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text);
}
