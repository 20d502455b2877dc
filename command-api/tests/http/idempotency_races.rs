//! One command sent many times at once.

use futures::future::join_all;
use http::StatusCode;
use http::header::IF_MATCH;

use crate::api::{Answer, Api, EXAMPLE, keyed};

fn assert_all_equal(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.essence(), answers[0].essence());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_equal_creates_one_is_carried_out_and_all_get_its_answer() {
    let api = Api::new().await;
    let answers = join_all((0..50).map(|_| api.once("k", "/api/orders", EXAMPLE))).await;
    assert_eq!(
        answers[0].status,
        StatusCode::CREATED,
        "{}",
        answers[0].text
    );
    assert_all_equal(&answers);
    assert_eq!(answers.iter().filter(|a| !a.is_replayed()).count(), 1);
    assert_eq!((api.rows().await, api.kept().await), ((1, 1, 1), 1));
}

/// Neither process knows of the other's requests: the key's constraint decides.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_one_order_of_one_create() {
    let url = Api::database().await;
    let (one, other) = (Api::beside(&url).await, Api::beside(&url).await);
    for round in 1..=20 {
        let key = format!("k-{round}");
        let create = |i: usize| [&one, &other][i % 2].once(&key, "/api/orders", EXAMPLE);
        let answers = join_all((0..8).map(create)).await;
        assert_eq!(
            answers[0].status,
            StatusCode::CREATED,
            "{}",
            answers[0].text
        );
        assert_all_equal(&answers);
        assert_eq!(one.rows().await, (round, round, round));
    }
}

/// Whoever is second finds the order moved on, by the very same command.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_confirm_once_and_answer_alike() {
    let url = Api::database().await;
    let (one, other) = (Api::beside(&url).await, Api::beside(&url).await);
    for round in 1..=20 {
        let order = one.create().await;
        let confirm = |i: usize| {
            let path = format!("/api/orders/{order}/confirm");
            let mut request = keyed(&format!("k-{round}"), &path, r#"{"paymentId":"p-1"}"#);
            let headers = request.headers_mut();
            if round % 2 == 0 {
                headers.insert(IF_MATCH, "\"1\"".parse().unwrap());
            }
            [&one, &other][i % 2].call(request)
        };
        let answers = join_all((0..4).map(confirm)).await;
        assert_eq!(answers[0].status, StatusCode::OK, "{}", answers[0].text);
        assert_eq!(answers[0].json()["eventIds"].as_array().unwrap().len(), 1);
        assert_all_equal(&answers);
        assert_eq!(one.rows().await, (2 * round, 2 * round, round));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_refuse_alike() {
    let url = Api::database().await;
    let (one, other) = (Api::beside(&url).await, Api::beside(&url).await);
    let order = one.create().await;
    one.cancel(&order, "late").await;
    let path = format!("/api/orders/{order}/confirm");
    let confirm = |i: usize| [&one, &other][i % 2].once("k", &path, r#"{"paymentId":"p-1"}"#);
    let answers = join_all((0..8).map(confirm)).await;
    assert_eq!(answers[0].problem(), "invalid-transition");
    assert_all_equal(&answers);
    assert_eq!(answers.iter().filter(|a| !a.is_replayed()).count(), 1);
}

/// Different commands under one key: one is carried out, the others are told.
#[tokio::test(flavor = "multi_thread")]
async fn of_different_creates_under_one_key_one_goes_through() {
    let api = Api::new().await;
    let body = |i| EXAMPLE.replace("customer-123", &format!("customer-{i}"));
    let answers = join_all((0..8).map(|i| api.once("k", "/api/orders", body(i)))).await;
    let created = answers.iter().filter(|a| a.status == StatusCode::CREATED);
    assert_eq!(created.count(), 1);
    for refused in answers.iter().filter(|a| a.status != StatusCode::CREATED) {
        assert_eq!(refused.problem(), "idempotency-key-reused");
    }
    assert_eq!(api.rows().await, (1, 1, 1));
}
