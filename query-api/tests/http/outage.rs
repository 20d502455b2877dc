//! MongoDB is away, or does not answer.

use std::time::{Duration, Instant};

use http::StatusCode;

use crate::api::{Api, order};

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

async fn both_unavailable(api: &Api) {
    let begun = Instant::now();
    let (one, list) = tokio::join!(api.get("/api/orders/o-1"), api.get("/api/orders"));
    one.unavailable();
    list.unavailable();
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn while_mongodb_is_away_queries_are_answered_503_and_afterwards_as_before() {
    let server = devstack::private_mongodb().await.unwrap();
    let api = Api::on(server.uri()).await;
    api.project(1, &[order("o-1")]).await;
    assert_eq!(api.list("").await, ["o-1"]);

    server.stop().await.unwrap();
    both_unavailable(&api).await;

    server.start().await.unwrap();
    assert_eq!(api.list("").await, ["o-1"]);
}

#[tokio::test]
async fn while_mongodb_hangs_queries_are_answered_503() {
    let server = devstack::private_mongodb().await.unwrap();
    let api = Api::on(server.uri()).await;
    api.project(1, &[order("o-1")]).await;
    assert_eq!(api.list("").await, ["o-1"]);

    server.pause().unwrap();
    both_unavailable(&api).await;

    server.resume().unwrap();
    let resumed = Instant::now();
    while api.get("/api/orders/o-1").await.status != StatusCode::OK {
        assert!(resumed.elapsed() < PATIENCE);
    }
}
