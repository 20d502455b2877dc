use std::time::Duration;

use relay::Turn;

use crate::fixture::{Fixture, PARTITIONS};

#[tokio::test]
async fn records_go_out_as_they_stand_in_the_outbox() {
    let fixture = Fixture::new().await;
    let id = fixture.order("Pizza").await;
    let mut relay = fixture.relay();
    assert_eq!(relay.turn().await.unwrap(), Turn::Published(3));
    assert_eq!(relay.turn().await.unwrap(), Turn::Idle);
    assert_eq!(fixture.outbox.backlog().await.unwrap().pending, 0);

    let records = fixture.records().await;
    assert_eq!(records.len(), 3);
    let slot = event_store::slot(&id);
    for (version, record) in (1..).zip(&records) {
        assert_eq!(record.key.as_deref(), Some(id.as_bytes()));
        assert_eq!(
            record.partition,
            i32::from(slot % PARTITIONS),
            "a slot feeds one partition"
        );
        let header = |name: &str| {
            let value = record.headers.iter().find(|(n, _)| n == name).unwrap();
            String::from_utf8(value.1.clone().unwrap()).unwrap()
        };
        assert_eq!(
            header("ce_id"),
            domain::event_id("Order", &id, version).to_string()
        );
        assert_eq!(header("ce_specversion"), "1.0");
        assert_eq!(header("ce_subject"), id);
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("correlation-id"), "correlation-1");
    }
    let value = String::from_utf8(records[1].payload.clone().unwrap()).unwrap();
    assert!(value.ends_with(r#""paymentId":"p-1"}"#), "{value}");
}

#[tokio::test]
async fn several_relays_may_repeat_but_not_reorder() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(fixture.order("Pizza").await);
    }
    // All read the same rows: each sends what the others send.
    let mut relays = [fixture.relay(), fixture.relay(), fixture.relay()];
    let draining = relays.iter_mut().map(|relay| fixture.drain(relay));
    futures::future::join_all(draining).await;
    let seen = fixture.first_occurrences().await;
    for id in &ids {
        assert_eq!(seen[id], [1, 2, 3]);
    }
    assert_eq!(seen.len(), 40);
}

#[tokio::test]
async fn a_relay_that_dies_anywhere_in_a_turn_loses_nothing() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for round in 0..60_u64 {
        ids.push(fixture.order("Pizza").await);
        // Dies before reading, between reading and publishing, before or after the marking.
        let mut relay = fixture.relay();
        let life = Duration::from_micros(700 * round);
        if let Ok(turn) = tokio::time::timeout(life, relay.turn()).await {
            turn.unwrap();
        }
    }
    fixture.drain(&mut fixture.relay()).await;
    let seen = fixture.first_occurrences().await;
    for id in &ids {
        assert_eq!(seen[id], [1, 2, 3]);
    }
}
