use http::StatusCode;
use read_models::LoggedRecord;

use crate::api::{Answer, Api, order};
use crate::log::{LogOf, event, junk};

fn places(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let events = answer.json();
    let events = events["events"].as_array().unwrap().iter();
    events
        .map(|event| format!("{}/{}", event["partition"], event["offset"]))
        .collect()
}

/// Two orders, of which one's record came twice, and junk in between.
async fn some_events() -> Api {
    let api = Api::with(&[order("o-1"), order("o-2")]).await;
    let log = LogOf(&api);
    log.begin(2).await;
    let replayed = LoggedRecord {
        replayed: true,
        ..event("o-1", 1, 0, 3)
    };
    log.add(&[
        event("o-1", 1, 0, 0),
        junk(0, 1),
        event("o-1", 2, 0, 2),
        replayed,
        event("o-2", 1, 1, 9),
        event("o-2", 3, 1, 10),
    ])
    .await;
    api
}

#[tokio::test]
async fn events_are_found_by_order_correlation_and_type_newest_first() {
    let api = some_events().await;
    for (query, found) in [
        ("orderId=o-1", &["0/2", "0/3", "0/0"][..]),
        ("orderId=o-2", &["1/10", "1/9"]),
        ("orderId=o-3", &[]),
        ("correlationId=c-o-1", &["0/2", "0/3", "0/0"]),
        ("type=OrderCreated", &["1/9", "0/3", "0/0"]),
        ("type=OrderCancelled", &["1/10"]),
        ("type=OrderMelted", &[]),
        ("type=OrderCreated&orderId=o-1", &["0/3", "0/0"]),
        ("type=OrderCreated&orderId=o-1&correlationId=c-o-2", &[]),
    ] {
        let answer = api.get(&format!("/api/events?{query}")).await;
        assert_eq!(places(&answer), found, "{query}");
    }
}

#[tokio::test]
async fn an_event_is_shown_as_it_was_published_and_where() {
    let api = some_events().await;
    let answer = api.get("/api/events?orderId=o-1&limit=2").await;
    let repeat = &answer.json()["events"][1];
    let id = domain::event_id("Order", "o-1", 1).to_string();
    for (field, value) in [
        ("eventId", id.as_str()),
        ("eventType", "OrderCreated"),
        ("orderId", "o-1"),
        ("correlationId", "c-o-1"),
        ("occurredOn", "2026-11-21T10:00:01.000000Z"),
        ("source", "/orders"),
        ("topic", "order-events"),
    ] {
        assert_eq!(repeat[field], value, "{repeat}");
    }
    assert_eq!(repeat["version"], 1);
    assert_eq!(repeat["replayed"], true);
    assert_eq!(answer.json()["events"][0]["replayed"], false);
    // To the digit.
    assert!(
        answer.text.contains(r#""totalAmount":45.990}"#),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn pages_show_each_event_once_whatever_is_logged_meanwhile() {
    let api = Api::with(&[]).await;
    let log = LogOf(&api);
    log.begin(1).await;
    let events: Vec<_> = (0..50)
        .map(|i| event(&format!("o-{}", i / 2), 1 + i % 2, 0, i))
        .collect();
    log.add(&events).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let answer = api
            .get(&format!("/api/events?type=OrderCreated&limit=4{cursor}"))
            .await;
        seen.extend(places(&answer));
        let Some(next) = answer.next_cursor() else {
            break;
        };
        // In the same millisecond as the others, and behind all of them.
        log.add(&[event(&format!("new-{page}"), 1, 0, 100 + page)])
            .await;
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<_> = (0..25).rev().map(|i| format!("0/{}", 2 * i)).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn faulty_questions_are_refused() {
    let api = some_events().await;
    let orders = api.get("/api/orders?limit=1").await.next_cursor().unwrap();
    let events = api.get("/api/events?type=OrderCreated&limit=1").await;
    let events = events.next_cursor().unwrap();
    for (query, fault) in [
        ("", "missing-parameter orderId"),
        ("limit=5", "missing-parameter orderId"),
        ("type=a&limit=201", "limit-out-of-range limit"),
        ("type=a&type=b", "duplicate-parameter type"),
        ("type=a&sort=x", "unknown-parameter sort"),
        ("type=a&cursor=x", "invalid-cursor cursor"),
        (
            &format!("type=a&cursor={orders}"),
            "cursor-of-another-query cursor",
        ),
        (
            &format!("type=a&cursor={events}"),
            "cursor-of-another-query cursor",
        ),
    ] {
        let answer = api.get(&format!("/api/events?{query}")).await;
        assert_eq!(answer.faults(), [fault], "{query}");
    }
    let fresh = Api::unprojected().await;
    fresh
        .get("/api/events?type=OrderCreated")
        .await
        .unavailable();
}
