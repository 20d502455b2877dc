use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use domain::contract::PublishedOrderEvent;
use domain::order::Order;
use event_store::replay::{ReplayLog, ReplayTally, Replays, Selection};
use event_store::{Doorbell, EventStore};
use messaging::{IncomingRecord, TopicSpec};
use relay::{Replay, ReplayError, rehearse};

use crate::fixture::{Fixture, PARTITIONS};
use crate::refused::{LARGE_ENOUGH, TOO_SMALL, set_largest_message};

fn log(fixture: &Fixture) -> ReplayLog {
    let database = fixture.database.clone();
    let store: EventStore<Order> = EventStore::new(database, &fixture.topic, Doorbell::default());
    ReplayLog::of(&store)
}

async fn begin(fixture: &Fixture, topic: &str, rate: Option<u32>) -> Replay {
    let replays = Replays::new(fixture.database.clone());
    let (kafka, topic) = (fixture.kafka.clone(), topic.to_owned());
    let all = Selection::default();
    Replay::begin(log(fixture), replays, kafka, all, topic, rate)
        .await
        .unwrap()
}

async fn replay(fixture: &Fixture, topic: &str) -> ReplayTally {
    let mut replay = begin(fixture, topic, None).await;
    while replay.step(|_| {}).await.unwrap() {}
    replay.tally()
}

/// A record's value and headers.
type Content = (Vec<u8>, BTreeMap<String, Option<Vec<u8>>>);
/// By key, each in the topic's order.
type Streams = HashMap<Vec<u8>, Vec<Content>>;

fn streams(records: Vec<IncomingRecord>) -> Streams {
    let mut streams = Streams::new();
    for record in records {
        let content = (
            record.payload.unwrap(),
            record.headers.into_iter().collect(),
        );
        streams
            .entry(record.key.unwrap())
            .or_default()
            .push(content);
    }
    streams
}

fn version(payload: &[u8]) -> u64 {
    PublishedOrderEvent::parse(payload)
        .unwrap()
        .envelope
        .version
}

/// Three orders with three events each, on the topic.
async fn published(fixture: &Fixture) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(fixture.order("Pizza").await);
    }
    fixture.drain(&mut fixture.relay().await).await;
    ids
}

#[tokio::test]
async fn a_replay_repeats_every_record_and_says_that_it_does() {
    let fixture = Fixture::new().await;
    published(&fixture).await;
    let first = streams(fixture.records().await);
    let all = Selection::default();
    let rehearsed = rehearse(&log(&fixture), &all, &fixture.topic, |_| {}).await;
    let tally = replay(&fixture, &fixture.topic).await;
    assert_eq!((tally.published, tally.read), (9, 9));
    assert_eq!(rehearsed.unwrap(), tally);

    let both = streams(fixture.records().await);
    assert_eq!(both.len(), 3);
    for (key, records) in both {
        let (originals, repeats) = records.split_at(3);
        assert_eq!(originals, first[&key]);
        for ((value, headers), (repeated, marked)) in originals.iter().zip(repeats) {
            assert_eq!(value, repeated);
            let mut headers = headers.clone();
            headers.insert("replayed".to_owned(), Some(b"true".to_vec()));
            assert_eq!(&headers, marked);
        }
    }
    // It has ended: the same again begins at the beginning.
    assert_eq!(replay(&fixture, &fixture.topic).await, tally);
}

#[tokio::test]
async fn a_replay_that_is_cut_off_goes_on_and_keeps_the_order() {
    let fixture = Fixture::new().await;
    published(&fixture).await;
    let topic = TopicSpec {
        name: format!("{}-copy", fixture.topic),
        partitions: PARTITIONS,
        replication: 1,
    };
    fixture.kafka.ensure_topic(&topic).await.unwrap();

    // Two at a time, and cut off while the third pair waits or is on its way.
    let mut first = begin(&fixture, &topic.name, Some(8)).await;
    let done = AtomicU64::new(0);
    let cut_off = async {
        while done.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        stepped = first.step(|tally| done.store(tally.published, Ordering::SeqCst)) => {
            panic!("not cut off: {stepped:?}");
        }
        () = cut_off => {}
    }
    let mut second = begin(&fixture, &topic.name, None).await;
    assert_eq!(second.tally().published, 4);
    assert_eq!(second.left().await.unwrap(), Some(5));
    while second.step(|_| {}).await.unwrap() {}
    assert_eq!(second.tally().published, 9);
    // The first one wakes: what it still sends are repeats, and it is told.
    assert!(matches!(
        first.step(|_| {}).await,
        Err(ReplayError::Overtaken)
    ));

    let streams = streams(fixture.records_of(&topic.name).await);
    assert_eq!(streams.len(), 3);
    for records in streams.values() {
        let mut seen = Vec::new();
        for (payload, _) in records {
            let version = version(payload);
            if !seen.contains(&version) {
                seen.push(version);
            }
        }
        assert_eq!(seen, [1, 2, 3]);
    }
}

#[tokio::test]
async fn a_record_that_is_refused_leaves_out_its_order_and_no_other() {
    let fixture = Fixture::new().await;
    let small = fixture.order("Pizza").await;
    let large = fixture
        .order_of(Fixture::neighbour(&small), &"x".repeat(250))
        .await;
    let other = fixture.order_of(Fixture::neighbour(&small), "Pizza").await;
    set_largest_message(&fixture.topic, LARGE_ENOUGH).await;
    fixture.drain(&mut fixture.relay().await).await;
    let copy = TopicSpec {
        name: format!("{}-copy", fixture.topic),
        partitions: PARTITIONS,
        replication: 1,
    };
    fixture.kafka.ensure_topic(&copy).await.unwrap();
    set_largest_message(&copy.name, TOO_SMALL).await;

    let tally = replay(&fixture, &copy.name).await;
    let streams = streams(fixture.records_of(&copy.name).await);
    let versions = |id: &str| -> Vec<u64> {
        let records = streams.get(id.as_bytes());
        records.map_or(Vec::new(), |r| r.iter().map(|(p, _)| version(p)).collect())
    };
    assert_eq!((tally.published, tally.faulty, tally.behind), (6, 1, 2));
    assert_eq!(versions(&large), [0; 0]);
    for id in [&small, &other] {
        let mut versions = versions(id);
        versions.dedup();
        assert_eq!(versions, [1, 2, 3]);
    }
}

#[tokio::test]
async fn faults_of_several_orders_leave_out_what_is_behind_each() {
    let fixture = Fixture::new().await;
    // In the log's order: the last record of one is refused, and the first of the next is gone.
    let ids = ["a-refused", "b-unreadable", "c-good"];
    for id in ids {
        fixture.order_of(id.to_owned(), "Pizza").await;
    }
    fixture.drain(&mut fixture.relay().await).await;
    let psql = fixture.psql().await;
    for sql in [
        "UPDATE outbox SET payload = json_build_object('x', repeat('x', 2000))
         WHERE aggregate_id = 'a-refused' AND version = 3",
        "DELETE FROM outbox WHERE aggregate_id = 'b-unreadable'",
        "UPDATE events SET event_version = '7'
         WHERE aggregate_id = 'b-unreadable' AND sequence = 1",
    ] {
        psql.execute(sql, &[]).await.unwrap();
    }
    let copy = TopicSpec {
        name: format!("{}-copy", fixture.topic),
        partitions: PARTITIONS,
        replication: 1,
    };
    fixture.kafka.ensure_topic(&copy).await.unwrap();
    set_largest_message(&copy.name, "1500").await;

    // Two at a time: the two faults together, and what follows them in the next two.
    let mut replay = begin(&fixture, &copy.name, Some(8)).await;
    while replay.step(|_| {}).await.unwrap() {}
    let tally = replay.tally();
    assert_eq!((tally.published, tally.faulty, tally.behind), (5, 2, 2));
    let streams = streams(fixture.records_of(&copy.name).await);
    let counts = ids.map(|id| streams.get(id.as_bytes()).map_or(0, Vec::len));
    assert_eq!(counts[1..], [0, 3]);
    assert!(counts[0] >= 2);
}
