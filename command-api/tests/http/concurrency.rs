//! Many commands reach one order at once.

use futures::future::join_all;
use http::StatusCode;

use crate::api::{Answer, Api};

fn count(answers: &[Answer], status: StatusCode) -> usize {
    answers.iter().filter(|a| a.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_different_confirmations_one_is_taken() {
    let api = Api::new().await;
    let order = api.create().await;
    let payments: Vec<String> = (0..32).map(|i| format!("p-{i}")).collect();
    let answers = join_all(payments.iter().map(|p| api.confirm(&order, p))).await;

    assert_eq!(count(&answers, StatusCode::OK), 1);
    for refused in answers.iter().filter(|a| a.status != StatusCode::OK) {
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
        assert_eq!(refused.problem(), "invalid-transition");
    }
    assert_eq!(api.rows().await, (2, 2, 1));

    let taken = answers.iter().position(|a| a.status == StatusCode::OK);
    let sql = "SELECT state ->> 'paymentId' FROM orders";
    let row = api.database.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), payments[taken.unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_equal_confirmations_all_are_answered_and_one_is_stored() {
    let api = Api::new().await;
    let order = api.create().await;
    let answers = join_all((0..32).map(|_| api.confirm(&order, "p-1"))).await;
    assert_eq!(count(&answers, StatusCode::OK), 32);
    assert!(answers.iter().all(|a| a.json()["version"] == 2));
    let new = |a: &&Answer| a.json()["eventIds"].as_array().unwrap().len() == 1;
    assert_eq!(answers.iter().filter(new).count(), 1);
    assert_eq!(api.rows().await, (2, 2, 1));
}

/// Whichever comes first, the stream is one the state machine allows.
#[tokio::test(flavor = "multi_thread")]
async fn confirmations_and_cancellations_do_not_cross() {
    let api = Api::new().await;
    let order = api.create().await;
    let (confirmed, cancelled) = tokio::join!(
        join_all((0..16).map(|_| api.confirm(&order, "p-1"))),
        join_all((0..16).map(|_| api.cancel(&order, "late"))),
    );
    assert_eq!(count(&cancelled, StatusCode::OK), 16);
    let sql = "SELECT string_agg(event_type, ' ' ORDER BY sequence) FROM events";
    let row = api.database.query_one(sql, &[]).await.unwrap();
    let stream: &str = row.get(0);
    if count(&confirmed, StatusCode::OK) == 0 {
        assert_eq!(stream, "OrderCreated OrderCancelled");
    } else {
        assert_eq!(stream, "OrderCreated OrderConfirmed OrderCancelled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_placed_at_once_are_orders_of_their_own() {
    let api = Api::new().await;
    let mut orders = join_all((0..64).map(|_| api.create())).await;
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 64);
    assert_eq!(api.rows().await, (64, 64, 64));
}
