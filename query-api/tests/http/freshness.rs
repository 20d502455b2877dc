//! Every answer says how fresh it is, and what stands still grows older.

use std::time::{Duration, Instant};

use http::StatusCode;
use jiff::SignedDuration;
use read_models::LoggedRecord;

use crate::api::{Answer, Api, order};
use crate::log::LogOf;

fn freshness(answer: &Answer) -> (&str, &str) {
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    (
        header("projection-lag"),
        header("projection-applied-through"),
    )
}

const PATHS: [&str; 6] = [
    "/api/orders",
    "/api/orders/o-1",
    "/api/orders/o-1?minVersion=7",
    "/api/orders/o-2",
    "/api/orders/o-1/history",
    "/api/restaurants/restaurant-456/days?from=2026-11-01&to=2026-11-30",
];

#[tokio::test]
async fn where_it_was_never_known_it_is_unknown() {
    let api = Api::with(&[order("o-1")]).await;
    for path in PATHS {
        let answer = api.get(path).await;
        assert_eq!(freshness(&answer), ("unknown", "unknown"), "{path}");
    }
}

/// Of several partitions the oldest counts. Nothing but the clock moves on: everything that could
/// learn more may be down.
#[tokio::test]
async fn the_lag_counts_from_what_is_certain_and_grows_by_itself() {
    let api = Api::with(&[order("o-1")]).await;
    let through = ["2026-11-21T11:59:59.200Z", "2026-11-21T11:59:59.900Z"];
    api.applied_through(&api.generation(1), &through).await;
    let certain = "2026-11-21T11:59:59.200000Z";
    for path in PATHS {
        let answer = api.get(path).await;
        assert_eq!(freshness(&answer), ("0.800", certain), "{path}");
    }
    api.clock.advance(SignedDuration::from_secs(60));
    for path in PATHS {
        let answer = api.get(path).await;
        assert_eq!(freshness(&answer), ("60.800", certain), "{path}");
    }
    // One that is away for a while, as the clock of the machine sees it.
    api.clock.advance(SignedDuration::from_secs(-3600));
    assert_eq!(freshness(&api.get("/api/orders").await).0, "0.000");
}

#[tokio::test]
async fn what_is_learnt_is_told_within_a_second_or_so() {
    let api = Api::with(&[order("o-1")]).await;
    let generation = api.generation(1);
    for (through, lag) in [
        ("2026-11-21T11:59:00Z", "60.000"),
        ("2026-11-21T11:59:58Z", "2.000"),
    ] {
        api.applied_through(&generation, &[through]).await;
        let begun = Instant::now();
        while freshness(&api.get("/api/orders").await).0 != lag {
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
    }
}

/// The generation that answers is the one it is said of.
#[tokio::test]
async fn a_switch_takes_nothing_over_from_the_generation_before() {
    let api = Api::with(&[order("o-1")]).await;
    api.applied_through(&api.generation(1), &["2026-11-21T11:59:59Z"])
        .await;
    assert_eq!(freshness(&api.get("/api/orders").await).0, "1.000");
    api.project(2, &[order("new")]).await;
    let begun = Instant::now();
    loop {
        let answer = api.get("/api/orders").await;
        match answer.ids()[0].as_str() {
            "new" => {
                assert_eq!(freshness(&answer), ("unknown", "unknown"));
                break;
            }
            _ => assert_eq!(freshness(&answer).0, "1.000"),
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

/// The log of events has a freshness of its own.
#[tokio::test]
async fn events_are_as_fresh_as_their_log() {
    let api = Api::with(&[order("o-1")]).await;
    api.applied_through(&api.generation(1), &["2026-11-21T11:59:59Z"])
        .await;
    let log = LogOf(&api);
    log.begin(1).await;
    let generation = log.generation();
    assert!(generation.collection.starts_with(LoggedRecord::PROJECTION));
    api.applied_through(&generation, &["2026-11-21T11:59:30Z"])
        .await;
    let answer = api.get("/api/events?type=OrderCreated").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(freshness(&answer).0, "30.000");
    let request = crate::api::request("/api/orders/events", &[]);
    let stream = api.response(request).await;
    assert_eq!(stream.headers()["projection-lag"], "30.000");
    assert_eq!(freshness(&api.get("/api/orders").await).0, "1.000");
}
