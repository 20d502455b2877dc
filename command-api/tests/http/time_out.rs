//! A command that takes longer than its caller may wait.

use std::time::{Duration, Instant};

use command_api::Settings;
use event_store::Grouping;
use http::StatusCode;

use crate::api::{Api, EXAMPLE};

const CREATE: &str = "/api/orders";

/// An API in a hurry, whose database holds appends back until `COMMIT`.
async fn held_up() -> Api {
    let settings = Settings {
        time_out: Duration::from_millis(300),
        ..Settings::default()
    };
    let api = Api::with(&Api::database().await, Grouping::default(), settings).await;
    let lock = "BEGIN; LOCK TABLE events IN EXCLUSIVE MODE";
    api.database.batch_execute(lock).await.unwrap();
    api
}

#[tokio::test]
async fn the_caller_is_told_that_the_outcome_is_open_and_the_command_is_carried_through() {
    let api = held_up().await;
    let late = api.once("k", CREATE, EXAMPLE).await;
    assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(late.problem(), "outcome-unknown");
    assert_eq!(late.headers["retry-after"], "1");

    // It is still under way.
    let again = api.once("k", CREATE, EXAMPLE).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    assert_eq!(again.problem(), "request-in-progress");
    assert_eq!(again.headers["retry-after"], "1");

    api.database.batch_execute("COMMIT").await.unwrap();
    let begun = Instant::now();
    let answer = loop {
        let answer = api.once("k", CREATE, EXAMPLE).await;
        if answer.status == StatusCode::CREATED {
            break answer;
        }
        assert_eq!(answer.problem(), "request-in-progress");
        assert!(begun.elapsed() < Duration::from_secs(10));
    };
    assert!(answer.is_replayed());
    assert_eq!(answer.json()["orderId"], late.json()["orderId"]);
    assert_eq!(api.rows().await, (1, 1, 1));
}

#[tokio::test]
async fn without_a_key_the_order_to_read_is_named() {
    let api = held_up().await;
    let late = api.post(CREATE, EXAMPLE).await;
    assert_eq!(late.problem(), "outcome-unknown");
    let order = late.json()["orderId"].as_str().unwrap().to_owned();
    api.database.batch_execute("COMMIT").await.unwrap();
    let begun = Instant::now();
    while api.rows().await != (1, 1, 1) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(api.confirm(&order, "p-1").await.status, StatusCode::OK);
}
