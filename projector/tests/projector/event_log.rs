//! The log of what was on the topic.

use std::time::Duration;

use bson::doc;
use futures::TryStreamExt;
use messaging::Kafka;
use projector::{EventLog, EventLogWorker, live_generation};
use read_models::{Generation, LoggedBytes, LoggedRecord};

use crate::fixture::Fixture;
use crate::steps;

pub async fn generation(fixture: &Fixture) -> Generation {
    let (database, kafka) = (&fixture.read_database, &fixture.kafka);
    live_generation(&EventLog, database, kafka, &fixture.topics())
        .await
        .unwrap()
}

pub fn worker(fixture: &Fixture, generation: &Generation) -> EventLogWorker {
    let consumer = fixture
        .kafka
        .batch_consumer(&generation.group, &fixture.topic, None)
        .unwrap();
    EventLogWorker::new(
        consumer,
        fixture.read_database.clone(),
        fixture.dead_letters.clone(),
        generation.clone(),
    )
}

async fn drain(worker: &mut EventLogWorker, records: usize) {
    let started = std::time::Instant::now();
    let mut logged = 0;
    while logged < records {
        assert!(started.elapsed().as_secs() < 20, "{logged} of {records}");
        logged += worker.step(Duration::from_millis(200)).await.unwrap();
    }
}

pub async fn log(fixture: &Fixture, generation: &Generation) -> Vec<LoggedRecord> {
    let database = fixture.read_database.database();
    let log = database.collection(&generation.collection);
    let in_order = doc! { "partition": 1, "offset": 1 };
    let found = log.find(doc! {}).sort(in_order).await.unwrap();
    found.try_collect().await.unwrap()
}

pub async fn catch_up(fixture: &Fixture, generation: &Generation) {
    let mut worker = worker(fixture, generation);
    let progress = steps::progress(&fixture.kafka, &generation.group, &fixture.topic);
    steps::catch_up(&progress, async || {
        worker.step(steps::A_LOOK).await.unwrap() > 0
    })
    .await;
}

/// The log is what the topic is, read once more.
pub async fn assert_equal_to_topic(fixture: &Fixture, log: &[LoggedRecord]) {
    let mut topic = Vec::new();
    let kafka: &Kafka = &fixture.kafka;
    let mut reader = kafka.read_topic(&fixture.topic, true).await.unwrap();
    while let Some(record) = reader.next_of_rest().await.unwrap() {
        topic.push(record);
    }
    topic.sort_by_key(|r| (r.partition, r.offset));
    assert_eq!(log.len(), topic.len());
    for (logged, record) in log.iter().zip(&topic) {
        let place = (logged.topic.as_str(), logged.partition, logged.offset);
        let expected = (record.topic.as_str(), record.partition, record.offset);
        assert_eq!(place, expected);
        let bytes = record.payload.as_deref().map(LoggedBytes::of);
        assert_eq!(logged.payload, bytes);
        assert_eq!(logged.key, record.key.as_deref().map(LoggedBytes::of));
    }
}

#[tokio::test]
async fn every_record_is_logged_in_its_place_junk_and_repeats_included() {
    let fixture = Fixture::new().await;
    let generation = generation(&fixture).await;
    let id = fixture.order(2).await;
    let records = fixture.take_outbox().await;
    fixture.publish(&records).await;
    fixture.publish(&records).await;
    fixture.publish_raw(&id, r#"{"eventId":"junk"}"#).await;
    fixture.publish_bytes(Some(b"\xff"), Some(b"\xfe")).await;
    fixture.publish_bytes(None, None).await;
    drain(&mut worker(&fixture, &generation), 7).await;
    let logged = log(&fixture, &generation).await;
    assert_equal_to_topic(&fixture, &logged).await;

    let of_order: Vec<&LoggedRecord> = logged
        .iter()
        .filter(|r| r.aggregate_id.as_deref() == Some(&id))
        .collect();
    assert_eq!(of_order.len(), 4);
    for (record, version) in of_order.iter().zip([1, 2, 1, 2]) {
        let event_id = domain::event_id("Order", &id, version).to_string();
        assert_eq!(record.event_id.as_deref(), Some(event_id.as_str()));
        assert_eq!(record.version, Some(version as i64));
        assert_eq!(record.correlation_id.as_deref(), Some("correlation-1"));
        assert_eq!(
            record.occurred_on.unwrap().timestamp_millis(),
            1_795_255_200_123
        );
    }
    assert_eq!(of_order[1].event_type.as_deref(), Some("OrderConfirmed"));
    let unread = logged.iter().filter(|r| r.event_id.is_none()).count();
    assert_eq!(unread, 3);

    // All of it once more.
    let again = fixture.another_group_of(&generation).await;
    drain(&mut worker(&fixture, &again), 7).await;
    assert_eq!(log(&fixture, &generation).await, logged);
}

/// More than go in one command.
#[tokio::test]
async fn many_records_at_once_are_all_logged() {
    let fixture = Fixture::new().await;
    let generation = generation(&fixture).await;
    for number in 0..250 {
        let junk = format!("junk {number}");
        fixture
            .publish_bytes(Some(b"k"), Some(junk.as_bytes()))
            .await;
    }
    for group in [&generation, &fixture.another_group_of(&generation).await] {
        drain(&mut worker(&fixture, group), 250).await;
        let logged = log(&fixture, &generation).await;
        assert_eq!(logged.len(), 250);
        assert_equal_to_topic(&fixture, &logged).await;
    }
}

/// BSON takes 16 MiB, and a topic may take more.
#[tokio::test]
async fn a_record_too_large_for_a_document_holds_up_no_other() {
    let fixture = Fixture::new().await;
    let generation = generation(&fixture).await;
    let kafka = &fixture.kafka;
    kafka
        .set_largest_message(&fixture.topic, 32 << 20)
        .await
        .unwrap();
    // All in one partition.
    fixture.publish_bytes(Some(b"k"), Some(b"before")).await;
    let large = vec![b'x'; 17 << 20];
    fixture.publish_bytes(Some(b"k"), Some(&large)).await;
    fixture.publish_bytes(Some(b"k"), Some(b"after")).await;
    let mut worker = worker(&fixture, &generation);
    drain(&mut worker, 3).await;
    let logged = log(&fixture, &generation).await;
    let offsets: Vec<i64> = logged.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 2]);
    let item = ("document_refused".to_owned(), "open".to_owned(), 0);
    assert_eq!(fixture.desk().await, [item]);
    // It stays one item, however often it is read.
    let again = fixture.another_group_of(&generation).await;
    drain(&mut self::worker(&fixture, &again), 3).await;
    assert_eq!(fixture.desk().await.len(), 1);
}

#[tokio::test]
async fn headers_say_who_published_and_that_it_was_a_replay() {
    let fixture = Fixture::new().await;
    let generation = generation(&fixture).await;
    let headers: [(&str, Option<&[u8]>); 4] = [
        ("ce_source", Some(b"/orders")),
        ("correlation-id", Some(b"c-1")),
        ("replayed", Some(b"true")),
        ("empty", None),
    ];
    fixture.publish_with(&headers, None, Some(b"junk")).await;
    drain(&mut worker(&fixture, &generation), 1).await;
    let logged = &log(&fixture, &generation).await[0];
    assert_eq!(logged.source.as_deref(), Some("/orders"));
    assert_eq!(logged.correlation_id.as_deref(), Some("c-1"));
    assert!(logged.replayed);
}
