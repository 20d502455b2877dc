//! Confirm and cancel, and what an order's status does not allow.

use http::StatusCode;
use serde_json::json;

use crate::api::{Answer, Api};

fn accepted(answer: &Answer, status: &str, version: u64, new_events: usize) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["status"], status);
    assert_eq!(body["version"], version);
    assert_eq!(answer.headers["etag"], format!("\"{version}\""));
    assert!(!answer.headers.contains_key("location"));
    let order = body["orderId"].as_str().unwrap();
    let events: Vec<_> = (version + 1 - new_events as u64..=version)
        .map(|version| domain::event_id("Order", order, version))
        .collect();
    assert_eq!(body["eventIds"], json!(events));
}

fn refused(answer: &Answer, from: &str, to: &str) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    assert_eq!(answer.problem(), "invalid-transition");
    assert_eq!(answer.json()["from"], from);
    assert_eq!(answer.json()["to"], to);
}

async fn status_in_the_table(api: &Api, order: &str) -> (String, i64) {
    let sql = "SELECT status, version FROM orders WHERE id = $1";
    let row = api.database.query_one(sql, &[&order]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn a_confirmation_is_made_once() {
    let api = Api::new().await;
    let order = api.create().await;
    accepted(&api.confirm(&order, "p-1").await, "CONFIRMED", 2, 1);
    accepted(&api.confirm(&order, "p-1").await, "CONFIRMED", 2, 0);
    refused(&api.confirm(&order, "p-2").await, "CONFIRMED", "CONFIRMED");
    assert_eq!(api.rows().await, (2, 2, 1));
    assert_eq!(
        status_in_the_table(&api, &order).await,
        ("CONFIRMED".to_owned(), 2)
    );
}

#[tokio::test]
async fn a_pending_order_is_cancelled_once() {
    let api = Api::new().await;
    let order = api.create().await;
    accepted(&api.cancel(&order, "late").await, "CANCELLED", 2, 1);
    accepted(&api.cancel(&order, "late").await, "CANCELLED", 2, 0);
    refused(&api.cancel(&order, "cold").await, "CANCELLED", "CANCELLED");
    refused(&api.confirm(&order, "p-1").await, "CANCELLED", "CONFIRMED");
    assert_eq!(api.rows().await, (2, 2, 1));
}

#[tokio::test]
async fn a_confirmed_order_can_be_cancelled_and_stays_so() {
    let api = Api::new().await;
    let order = api.create().await;
    api.confirm(&order, "p-1").await;
    accepted(&api.cancel(&order, "late").await, "CANCELLED", 3, 1);
    refused(&api.confirm(&order, "p-1").await, "CANCELLED", "CONFIRMED");
    assert_eq!(api.rows().await, (3, 3, 1));
    assert_eq!(
        status_in_the_table(&api, &order).await,
        ("CANCELLED".to_owned(), 3)
    );
}

#[tokio::test]
async fn the_published_events_tell_payment_and_reason() {
    let api = Api::new().await;
    let order = api.create().await;
    api.confirm(&order, "p-1").await;
    api.cancel(&order, "late").await;
    let sql = "SELECT event_type, version, payload ->> 'paymentId', payload ->> 'reason'
               FROM outbox WHERE aggregate_id = $1 ORDER BY position";
    let rows = api.database.query(sql, &[&order]).await.unwrap();
    let rows: Vec<(String, i64, Option<String>, Option<String>)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows,
        [
            ("OrderCreated".to_owned(), 1, None, None),
            ("OrderConfirmed".to_owned(), 2, text("p-1"), None),
            ("OrderCancelled".to_owned(), 3, None, text("late")),
        ]
    );
}

/// The id is a UUID, however it is written.
#[tokio::test]
async fn an_order_is_found_by_any_spelling_of_its_id() {
    let api = Api::new().await;
    let order = api.create().await;
    let simple = order.replace('-', "");
    accepted(&api.confirm(&simple, "p-1").await, "CONFIRMED", 2, 1);
    let upper = order.to_uppercase();
    accepted(&api.confirm(&upper, "p-1").await, "CONFIRMED", 2, 0);
    assert_eq!(api.rows().await, (2, 2, 1));
}

#[tokio::test]
async fn what_is_no_order_is_not_found() {
    let api = Api::new().await;
    let long = "x".repeat(10_000);
    for id in [
        "01939d2e-0000-7000-8000-000000000000",
        "",
        "1",
        "null",
        "%00",
        "%2F",
        "..%2F..%2Fetc",
        "%zz",
        "'%20OR%201=1",
        "%F0%9F%8D%95",
        &long,
    ] {
        for answer in [api.confirm(id, "p-1").await, api.cancel(id, "late").await] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
            assert_eq!(answer.problem(), "order-not-found", "{id}");
            assert!(answer.text.len() < 1000, "{}", answer.text);
        }
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}
