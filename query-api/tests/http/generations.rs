//! Which generation of the projection answers.

use std::time::{Duration, Instant};

use http::StatusCode;
use read_models::{Generation, OrderDocument};

use crate::api::{Api, order};

/// A switch is followed within a second, and some time to ask.
const DEADLINE: Duration = Duration::from_secs(3);

fn of_tomorrow(api: &Api) -> Generation {
    Generation {
        schema_version: OrderDocument::SCHEMA_VERSION + 1,
        ..api.generation(2)
    }
}

#[tokio::test]
async fn before_the_first_projection_there_is_no_answer() {
    let api = Api::unprojected().await;
    api.get("/api/orders").await.unavailable();
    api.get("/api/orders/o-1").await.unavailable();

    api.project(1, &[order("o-1")]).await;
    let answer = api.get("/api/orders/o-1").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn an_empty_projection_is_an_empty_list() {
    let api = Api::with(&[]).await;
    assert_eq!(api.get("/api/orders").await.text, r#"{"orders":[]}"#);
}

#[tokio::test]
async fn a_switch_is_followed() {
    let api = Api::with(&[order("old")]).await;
    assert_eq!(api.list("").await, ["old"]);
    api.project(2, &[order("new")]).await;
    let switched = Instant::now();
    while api.list("").await != ["new"] {
        assert!(switched.elapsed() < DEADLINE);
    }
    assert_eq!(
        api.get("/api/orders/old").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_generation_of_an_unknown_schema_is_not_followed() {
    let api = Api::with(&[order("old")]).await;
    assert_eq!(api.list("").await, ["old"]);
    api.insert(2, &[order("new")]).await;
    api.point_to(of_tomorrow(&api)).await;
    let switched = Instant::now();
    while switched.elapsed() < DEADLINE / 2 {
        assert_eq!(api.list("").await, ["old"]);
    }
    api.point_to(api.generation(2)).await;
    let switched = Instant::now();
    while api.list("").await != ["new"] {
        assert!(switched.elapsed() < DEADLINE);
    }
}

#[tokio::test]
async fn where_only_an_unknown_schema_is_there_is_no_answer() {
    let api = Api::unprojected().await;
    api.insert(2, &[order("new")]).await;
    api.point_to(of_tomorrow(&api)).await;
    api.get("/api/orders").await.unavailable();
}
