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

/// As the code before wrote them, which is what there is until somebody rebuilds.
#[tokio::test]
async fn a_generation_of_an_older_schema_answers_the_same() {
    let api = Api::with(&[order("o-1")]).await;
    let newest = api.get("/api/orders/o-1").await.text;
    let older = Generation {
        schema_version: 1,
        ..api.generation(2)
    };
    let mut document = bson::serialize_to_document(&order("o-1")).unwrap();
    assert!(document.remove("timeline").is_some());
    assert!(document.remove("currency").is_some());
    let documents = api.database.orders(&older).clone_with_type();
    documents.insert_one(document).await.unwrap();
    api.point_to(older).await;
    let fresh = Api::of(&api.database);
    assert_eq!(fresh.get("/api/orders/o-1").await.text, newest);
    // What that schema did not have is not made up.
    let days = "/api/restaurants/restaurant-456/days?from=2026-11-01&to=2026-11-30";
    for path in [
        "/api/orders/o-1/history",
        "/api/customers/customer-123/summary",
        days,
    ] {
        let answer = fresh.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.problem(), "not-projected");
    }
}
