use std::time::{Duration, Instant};

use relay::{Settings, Turn};

use crate::fixture::{Fixture, PARTITIONS, SETTINGS};

#[tokio::test]
async fn records_go_out_as_they_stand_in_the_outbox() {
    let fixture = Fixture::new().await;
    let id = fixture.order("Pizza").await;
    let mut relay = fixture.relay().await;
    let sent = Turn::Sent {
        published: 3,
        refused: 0,
    };
    assert_eq!(relay.publishing.turn().await.unwrap(), sent);
    assert_eq!(relay.publishing.turn().await.unwrap(), Turn::Idle);
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

/// Repeats, and nothing worse: records wait in the first relay's producer while its leases end, and
/// a second one publishes those records and later ones of the same orders. Then the first wakes.
#[tokio::test]
async fn a_relay_that_wakes_past_its_leases_only_repeats() {
    let fixture = Fixture::new().await;
    let short = Settings {
        lease: Duration::from_millis(300),
        ..SETTINGS
    };
    let slow = fixture.kafka.clone().with_linger(Duration::from_secs(4));
    let mut sleeper = fixture.relay_on(&slow, short);
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(fixture.order("Pizza").await);
    }
    assert_eq!(sleeper.leases.renew().await.unwrap(), 64);
    let asleep = tokio::spawn(async move { sleeper.publishing.turn().await });

    let mut second = fixture.relay_with(SETTINGS);
    let deadline = Instant::now() + Duration::from_secs(20);
    while second.leases.renew().await.unwrap() < 64 {
        assert!(Instant::now() < deadline, "the slots are not taken over");
        tokio::task::yield_now().await;
    }
    let late = fixture.order("Late").await;
    fixture.drain(&mut second).await;
    let before = fixture.records().await.len();
    assert_eq!(before, 63, "the second one has published everything");
    assert!(!asleep.is_finished(), "the first still has its records");

    let woken = asleep.await.unwrap().unwrap();
    assert!(matches!(woken, Turn::Sent { .. }));
    assert_eq!(fixture.records().await.len(), before + 60, "repeats");
    let seen = fixture.first_occurrences().await;
    for id in ids.iter().chain([&late]) {
        assert_eq!(seen[id], [1, 2, 3]);
    }
}

#[tokio::test]
async fn a_relay_that_dies_anywhere_in_a_turn_loses_nothing() {
    let fixture = Fixture::new().await;
    let short = Settings {
        lease: Duration::from_millis(150),
        ..SETTINGS
    };
    let mut ids = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    for round in 0..40_u64 {
        ids.push(fixture.order("Pizza").await);
        let mut relay = fixture.relay_with(short);
        // Its predecessor's leases have to end first.
        while relay.leases.renew().await.unwrap() == 0 {
            assert!(Instant::now() < deadline);
            tokio::task::yield_now().await;
        }
        // Dies before reading, between reading and publishing, before or after the marking.
        let life = Duration::from_micros(700 * round);
        if let Ok(turn) = tokio::time::timeout(life, relay.publishing.turn()).await {
            turn.unwrap();
        }
    }
    let mut last = fixture.relay_with(SETTINGS);
    while last.leases.renew().await.unwrap() < 64 {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    fixture.drain(&mut last).await;
    let seen = fixture.first_occurrences().await;
    for id in &ids {
        assert_eq!(seen[id], [1, 2, 3]);
    }
}
