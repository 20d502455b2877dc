//! A log of events as the projector writes it.

use domain::event_id;
use mongodb::Collection;
use read_models::{Generation, LoggedBytes, LoggedRecord};

use crate::api::{Api, time};

pub const TOPIC: &str = "order-events";
const TYPES: [&str; 3] = ["OrderCreated", "OrderConfirmed", "OrderCancelled"];

pub struct LogOf<'a>(pub &'a Api);

impl LogOf<'_> {
    pub fn generation(&self) -> Generation {
        self.numbered(1)
    }

    pub fn numbered(&self, number: u32) -> Generation {
        Generation::new(
            self.0.database.database().name(),
            LoggedRecord::PROJECTION,
            number,
            LoggedRecord::SCHEMA_VERSION,
        )
    }

    /// An empty log of so many partitions, known to be level with the topic.
    pub async fn begin(&self, partitions: usize) {
        self.begin_numbered(1, partitions).await;
    }

    pub async fn begin_numbered(&self, number: u32, partitions: usize) {
        let generation = self.numbered(number);
        let records = self.records(number);
        records
            .create_indexes(LoggedRecord::indexes())
            .await
            .unwrap();
        let through = vec!["2026-11-21T11:00:00Z"; partitions];
        self.0.applied_through(&generation, &through).await;
        self.0.point(LoggedRecord::PROJECTION, generation).await;
    }

    pub async fn add(&self, records: &[LoggedRecord]) {
        self.records(1).insert_many(records).await.unwrap();
    }

    pub fn records(&self, number: u32) -> Collection<LoggedRecord> {
        let name = self.numbered(number).collection;
        self.0.database.database().collection(&name)
    }
}

/// An event of an order at its place on the topic, a second after the version before.
pub fn event(order: &str, version: i64, partition: i32, offset: i64) -> LoggedRecord {
    let id = event_id("Order", order, version as u64).to_string();
    let event_type = TYPES[(version as usize - 1) % 3];
    LoggedRecord {
        id: format!("{TOPIC}/{partition}/{offset}"),
        topic: TOPIC.to_owned(),
        partition,
        offset,
        key: Some(LoggedBytes::Text(order.to_owned())),
        event_type: Some(event_type.to_owned()),
        aggregate_id: Some(order.to_owned()),
        version: Some(version),
        traceparent: None,
        correlation_id: Some(format!("c-{order}")),
        source: Some("/orders".to_owned()),
        occurred_on: Some(time(&format!("2026-11-21T10:00:{:02}Z", version % 60))),
        replayed: false,
        payload: Some(LoggedBytes::Text(format!(
            r#"{{"eventId":"{id}","version":{version},"totalAmount":45.990}}"#
        ))),
        event_id: Some(id),
    }
}

/// What is no event.
pub fn junk(partition: i32, offset: i64) -> LoggedRecord {
    LoggedRecord {
        event_id: None,
        event_type: None,
        aggregate_id: None,
        version: None,
        correlation_id: Some("c-o-1".to_owned()),
        source: None,
        occurred_on: None,
        payload: Some(LoggedBytes::of(b"\xff")),
        ..event("o-1", 1, partition, offset)
    }
}
