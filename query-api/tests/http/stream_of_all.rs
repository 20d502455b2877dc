//! The events of all orders as they come.

use std::collections::BTreeSet;
use std::time::Instant;

use http::StatusCode;
use read_models::{LoggedBytes, LoggedRecord};

use crate::api::Api;
use crate::log::{LogOf, event, junk};
use crate::sse::Reading;

const PATH: &str = "/api/orders/events";

async fn with_log(partitions: usize) -> Api {
    let api = Api::unprojected().await;
    LogOf(&api).begin(partitions).await;
    api
}

#[tokio::test]
async fn a_new_reader_hears_what_comes_from_now_on() {
    let api = with_log(3).await;
    let log = LogOf(&api);
    log.add(&[event("o-1", 1, 0, 0), event("o-1", 2, 0, 1)])
        .await;
    let mut reading = Reading::open(&api, PATH, None).await;
    let place = reading.next().await.unwrap();
    assert_eq!(
        (place.id.as_deref(), place.data),
        (Some("0:2,1:0,2:0"), None)
    );

    // Also on partitions that had nothing yet.
    log.add(&[event("o-2", 1, 2, 0)]).await;
    let sent = reading.events(1).await.remove(0);
    assert_eq!(sent.id.as_deref(), Some("0:2,1:0,2:1"));
    assert_eq!(sent.event.as_deref(), Some("OrderCreated"));
    log.add(&[junk(0, 2), event("o-1", 3, 0, 3)]).await;
    assert_eq!(reading.ids(1).await, ["0:4,1:0,2:1"]);
}

#[tokio::test]
async fn a_log_that_is_empty_is_heard_from_its_first_event_on() {
    let api = with_log(2).await;
    let mut reading = Reading::open(&api, PATH, None).await;
    assert_eq!(reading.next().await.unwrap().id.as_deref(), Some("0:0,1:0"));
    LogOf(&api).add(&[event("o-1", 1, 1, 0)]).await;
    assert_eq!(reading.ids(1).await, ["0:0,1:1"]);
}

/// From any event's id, exactly what came behind it comes, each order's events in order.
#[tokio::test]
async fn a_stream_is_resumed_from_the_place_it_had() {
    let api = with_log(2).await;
    let log = LogOf(&api);
    let events = (0..100).map(|i| event(&format!("o-{}", i % 2), i / 2 + 1, (i % 2) as i32, i / 2));
    log.add(&events.collect::<Vec<_>>()).await;
    let mut whole = Reading::open(&api, PATH, Some("0:0")).await;
    let whole = whole.ids(100).await;
    assert_eq!(whole.last().unwrap(), "0:50,1:50");
    for seen in [1, 49, 50, 77, 99] {
        let mut rest = Reading::open(&api, PATH, Some(&whole[seen - 1])).await;
        assert_eq!(
            rest.next().await.unwrap().id.as_ref(),
            Some(&whole[seen - 1])
        );
        assert_eq!(rest.ids(100 - seen).await, whole[seen..]);
    }
    let mut level = Reading::open(&api, PATH, Some("0:50,1:50")).await;
    log.add(&[event("o-1", 51, 1, 50)]).await;
    assert_eq!(level.ids(1).await, ["0:50,1:51"]);
    // Whoever is further than the log has seen what is still to be logged.
    let mut ahead = Reading::open(&api, PATH, Some("0:50,1:52")).await;
    log.add(&[event("o-1", 52, 1, 51), event("o-1", 53, 1, 52)])
        .await;
    assert_eq!(ahead.ids(1).await, ["0:50,1:53"]);
}

/// Records of one batch may become visible in any order.
#[tokio::test]
async fn a_hole_is_waited_for() {
    let api = with_log(1).await;
    let log = LogOf(&api);
    let mut reading = Reading::open(&api, PATH, None).await;
    log.add(&[event("o-1", 2, 0, 1), event("o-1", 3, 0, 2)])
        .await;
    let mut late = Reading::open(&api, PATH, Some("0:0")).await;
    let begun = Instant::now();
    while begun.elapsed().as_millis() < 500 {
        assert_eq!(reading.next().await.unwrap().data, None);
    }
    log.add(&[event("o-1", 1, 0, 0)]).await;
    for reading in [&mut reading, &mut late] {
        assert_eq!(reading.ids(3).await, ["0:1", "0:2", "0:3"]);
    }
}

/// Nothing will ever be there, so in the end it is passed.
#[tokio::test]
async fn a_hole_that_stays_does_not_stop_the_stream_for_ever() {
    let api = with_log(1).await;
    let log = LogOf(&api);
    let mut reading = Reading::open(&api, PATH, None).await;
    log.add(&[event("o-1", 1, 0, 1000)]).await;
    assert_eq!(reading.ids(1).await, ["0:1001"]);
    let mut late = Reading::open(&api, PATH, Some("0:0")).await;
    assert_eq!(late.ids(1).await, ["0:1001"]);
}

/// More than is kept for those who are behind: the slow one reads it from the log, when it comes.
#[tokio::test]
async fn a_slow_reader_holds_nobody_up_and_loses_nothing() {
    const COUNT: usize = 600;
    let api = with_log(1).await;
    let log = LogOf(&api);
    let mut slow = Reading::open(&api, PATH, None).await;
    let mut fast = Reading::open(&api, PATH, None).await;
    let large = |i: usize| LoggedRecord {
        payload: Some(LoggedBytes::Text(format!("\"{}\"", "x".repeat(66_000)))),
        ..event(&format!("o-{i}"), 1, 0, i as i64)
    };
    for begin in (0..COUNT).step_by(50) {
        let batch: Vec<_> = (begin..begin + 50).map(large).collect();
        log.add(&batch).await;
        fast.ids(50).await;
    }
    let ids = slow.ids(COUNT).await;
    let expected: Vec<_> = (1..=COUNT).map(|next| format!("0:{next}")).collect();
    assert_eq!(ids, expected);
    // And it is level with the others again.
    log.add(&[event("o-1", 2, 0, COUNT as i64)]).await;
    assert_eq!(slow.ids(1).await, fast.ids(1).await);
}

/// Another generation may be elsewhere: who resumes there misses nothing.
#[tokio::test]
async fn a_switch_of_the_log_ends_the_streams_which_are_resumed() {
    let api = with_log(1).await;
    let log = LogOf(&api);
    let mut reading = Reading::open(&api, PATH, None).await;
    log.add(&[event("o-1", 1, 0, 0)]).await;
    let last = reading.ids(1).await.remove(0);
    let events: Vec<_> = (0..3).map(|i| event("o-1", i + 1, 0, i)).collect();
    log.begin_numbered(2, 1).await;
    log.records(2).insert_many(&events).await.unwrap();
    reading.end().await;
    let mut resumed = Reading::open(&api, PATH, Some(&last)).await;
    assert_eq!(resumed.ids(2).await, ["0:2", "0:3"]);
}

#[tokio::test]
async fn places_that_are_none_are_refused() {
    let api = with_log(1).await;
    for last in ["", "1", "0", "0:", "0:-1", "a:b", "0:1;1:2"] {
        let answer = api.get_with(PATH, &[("last-event-id", last)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{last}");
        assert_eq!(answer.problem(), "invalid-last-event-id");
    }
    let unprojected = Api::unprojected().await;
    unprojected.get(PATH).await.unavailable();
    // A log that nobody has kept yet: of how many partitions it is, is not known.
    let log = LogOf(&unprojected);
    log.begin(0).await;
    Api::of(&unprojected.database).get(PATH).await.unavailable();
}

#[tokio::test]
async fn streams_survive_that_mongodb_is_away() {
    let server = devstack::private_mongodb().await.unwrap();
    let api = Api::on(server.uri()).await;
    let log = LogOf(&api);
    log.begin(1).await;
    let mut reading = Reading::open(&api, PATH, None).await;
    log.add(&[event("o-1", 1, 0, 0)]).await;
    assert_eq!(reading.ids(1).await, ["0:1"]);
    server.stop().await.unwrap();
    assert_eq!(reading.next().await.unwrap().data, None);
    server.start().await.unwrap();
    log.add(
        &(1..5)
            .map(|i| event("o-1", i + 1, 0, i))
            .collect::<Vec<_>>(),
    )
    .await;
    let seen: BTreeSet<_> = reading.ids(4).await.into_iter().collect();
    assert_eq!(seen.len(), 4);
}
