//! The events of one order as they come.

use http::StatusCode;
use query_api::Bounds;
use read_models::LoggedRecord;

use crate::api::{Api, order};
use crate::log::{LogOf, event, junk};
use crate::sse::Reading;

async fn with_log() -> Api {
    let api = Api::with(&[order("o-1")]).await;
    LogOf(&api).begin(2).await;
    api
}

#[tokio::test]
async fn all_versions_come_once_in_order_from_the_first_one_on() {
    let api = with_log().await;
    let log = LogOf(&api);
    log.add(&[
        event("o-1", 1, 0, 0),
        event("o-2", 1, 0, 1),
        event("o-1", 2, 0, 2),
    ])
    .await;
    let mut reading = Reading::open(&api, "/api/orders/o-1/events", None).await;
    let sent = reading.events(2).await;
    assert_eq!(sent[0].id.as_deref(), Some("1"));
    assert_eq!(sent[0].event.as_deref(), Some("OrderCreated"));
    let id = domain::event_id("Order", "o-1", 1);
    let payload = format!(r#"{{"eventId":"{id}","version":1,"totalAmount":45.990}}"#);
    assert_eq!(sent[0].data.as_deref(), Some(payload.as_str()));
    assert_eq!(sent[1].id.as_deref(), Some("2"));

    // A repeat, junk, and another order's event come between.
    let repeat = event("o-1", 2, 0, 3);
    log.add(&[
        repeat,
        junk(0, 4),
        event("o-2", 2, 0, 5),
        event("o-1", 3, 0, 6),
    ])
    .await;
    assert_eq!(reading.ids(1).await, ["3"]);
    log.add(&[event("o-1", 4, 0, 7)]).await;
    assert_eq!(reading.ids(1).await, ["4"]);
}

#[tokio::test]
async fn a_stream_is_resumed_behind_the_version_it_had() {
    let api = with_log().await;
    let log = LogOf(&api);
    let events: Vec<_> = (1..=100).map(|i| event("o-1", i, 0, i - 1)).collect();
    log.add(&events).await;
    for (last, first) in [("0", 1), ("1", 2), ("60", 61), ("99", 100)] {
        let mut reading = Reading::open(&api, "/api/orders/o-1/events", Some(last)).await;
        let rest = reading.ids(101 - first).await;
        let expected: Vec<_> = (first..=100).map(|i| i.to_string()).collect();
        assert_eq!(rest, expected, "{last}");
    }
    // Further than there is: what comes first is what follows.
    let mut ahead = Reading::open(&api, "/api/orders/o-1/events", Some("101")).await;
    log.add(&[event("o-1", 101, 0, 100), event("o-1", 102, 0, 101)])
        .await;
    assert_eq!(ahead.ids(1).await, ["102"]);
}

/// Many repeats of a version do not hide what follows it, and what only looks like the order's
/// event is not sent.
#[tokio::test]
async fn repeats_and_impostors_are_left_out() {
    let api = with_log().await;
    let log = LogOf(&api);
    let impostor = |version, offset| LoggedRecord {
        event_id: Some("0fe69681-d291-5413-8f0f-d2edbce9f521".to_owned()),
        ..event("o-1", version, 0, offset)
    };
    let mut records: Vec<_> = (0..70).map(|i| event("o-1", 1, 0, i)).collect();
    records.extend((70..140).map(|i| impostor(2, i)));
    records.extend([impostor(99, 140), event("o-1", 2, 0, 141)]);
    log.add(&records).await;
    let mut reading = Reading::open(&api, "/api/orders/o-1/events", None).await;
    assert_eq!(reading.ids(2).await, ["1", "2"]);
    log.add(&[impostor(3, 142), impostor(98, 143), event("o-1", 3, 0, 144)])
        .await;
    assert_eq!(reading.ids(1).await, ["3"]);
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives_and_ends_with_the_process() {
    let api = with_log().await;
    let mut reading = Reading::open(&api, "/api/orders/o-1/events", None).await;
    for _ in 0..3 {
        assert!(reading.next().await.unwrap().comment);
    }
    api.stop.cancel();
    reading.end().await;
}

#[tokio::test]
async fn what_cannot_be_streamed_is_a_problem() {
    let api = with_log().await;
    let absent = api.get("/api/orders/o-2/events").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert_eq!(absent.problem(), "order-not-found");
    for last in ["", "x", "-1", "1.5", "0:1", "99999999999"] {
        let headers = [("last-event-id", last)];
        let answer = api.get_with("/api/orders/o-1/events", &headers).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{last}");
        assert_eq!(answer.problem(), "invalid-last-event-id");
    }
    let answer = api.get("/api/orders/o-1/events?limit=1").await;
    assert_eq!(answer.faults(), ["unknown-parameter limit"]);
    // Orders are projected, their events are not.
    let without = Api::with(&[order("o-1")]).await;
    without.get("/api/orders/o-1/events").await.unavailable();
}

#[tokio::test]
async fn no_more_streams_are_open_than_may_and_one_that_ends_makes_room() {
    let api = with_log().await;
    let bounds = Bounds {
        streams: 2,
        ..Bounds::default()
    };
    let small = Api::bounded(&api.database, bounds);
    let first = Reading::open(&small, "/api/orders/o-1/events", None).await;
    let _second = Reading::open(&small, "/api/orders/events", None).await;
    for path in ["/api/orders/o-1/events", "/api/orders/events"] {
        let answer = small.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.problem(), "too-many-streams");
        assert_eq!(answer.headers["retry-after"], "5");
    }
    drop(first);
    let begun = std::time::Instant::now();
    loop {
        let request = crate::api::request("/api/orders/events", &[]);
        if small.response(request).await.status() == StatusCode::OK {
            break;
        }
        assert!(begun.elapsed().as_secs() < 10);
        tokio::task::yield_now().await;
    }
}

/// Participants tell of it under its own id, with versions of their own.
#[tokio::test]
async fn what_others_tell_of_the_order_is_not_its_own() {
    let api = with_log().await;
    let of_another_topic = |version, offset| {
        let record = event("o-1", version, 0, offset);
        LoggedRecord {
            id: format!("saga-events/0/{offset}"),
            topic: "saga-events".to_owned(),
            event_type: Some("SagaCompleted".to_owned()),
            ..record
        }
    };
    let log = LogOf(&api);
    log.add(&[of_another_topic(1, 0), of_another_topic(2, 1)])
        .await;
    log.add(&[event("o-1", 1, 0, 0)]).await;
    let mut one = Reading::open(&api, "/api/orders/o-1/events", None).await;
    let mut all = Reading::open(&api, "/api/orders/events", Some("0:0")).await;
    let sent = one.events(1).await;
    assert_eq!(sent[0].event.as_deref(), Some("OrderCreated"));
    assert_eq!(
        all.events(1).await[0].event.as_deref(),
        Some("OrderCreated")
    );
    log.add(&[of_another_topic(4, 2), event("o-1", 2, 0, 1)])
        .await;
    assert_eq!(one.ids(1).await, ["2"]);
    let next = all.events(1).await;
    assert_eq!(next[0].event.as_deref(), Some("OrderConfirmed"));
}
