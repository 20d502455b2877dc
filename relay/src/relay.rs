use std::time::Duration;

use event_store::{Doorbell, EventStoreError, Outbox, OutboxRecord, SLOTS};
use messaging::{Delivery, Kafka, MessagingError, OrderedProducer, OutgoingRecord};
use runtime::Backoff;
use runtime::health::{Check, watched};
use tokio_util::sync::CancellationToken;

use crate::acknowledged::acknowledged;

/// The most records of one slot in a turn: a backlog in all 64 slots makes turns of some thousands.
const MOST_PER_SLOT: i64 = 128;
/// A turn that read more than this many bytes is followed by a smaller one.
const LARGE_TURN: usize = 16 * 1024 * 1024;
/// How long a turn under way may take to end after the process was told to stop.
const LAST_TURN: Duration = Duration::from_secs(5);

/// Publishes the outbox.
pub struct Relay {
    outbox: Outbox,
    kafka: Kafka,
    /// Made anew after it refused a record for good.
    producer: Option<OrderedProducer>,
    slots: Vec<i16>,
    /// Doubles while turns are full, halves when they grow large or the reading fails: records may
    /// have a hundred bytes or some hundred thousand.
    per_slot: i64,
}

/// What one turn did.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing was waiting.
    Idle,
    /// This many rows are now marked as published.
    Published(usize),
}

#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Outbox(#[from] EventStoreError),
    #[error(transparent)]
    Kafka(#[from] MessagingError),
    /// The record stays where it is, and what follows it under its key stays behind it.
    #[error("Kafka refused version {version} of {key}: {reason}")]
    Refused {
        key: String,
        version: u64,
        reason: String,
    },
}

impl Relay {
    /// A relay of all slots.
    pub fn new(outbox: Outbox, kafka: Kafka) -> Self {
        Self {
            outbox,
            kafka,
            producer: None,
            slots: (0..SLOTS as i16).collect(),
            per_slot: MOST_PER_SLOT / 8,
        }
    }

    /// One turn: read, publish, mark. No database transaction is open while Kafka is waited for;
    /// with no broker there it waits until one is.
    pub async fn turn(&mut self) -> Result<Turn, RelayError> {
        let records = self.read().await?;
        if records.is_empty() {
            return Ok(Turn::Idle);
        }
        let producer = self.take_producer()?;
        let deliveries = publish(&producer, &records).await;
        log(&records, &deliveries);

        let positions = acknowledged(&records, &deliveries);
        let published = positions.len();
        if !positions.is_empty() {
            self.outbox.mark_published(&positions).await?;
        }
        metrics::counter!("outbox_published_total").increment(published as u64);
        if producer.fatal_error().is_none() {
            self.producer = Some(producer);
        }
        match refused(&records, &deliveries) {
            Some(refused) => Err(refused),
            None => Ok(Turn::Published(published)),
        }
    }

    async fn read(&mut self) -> Result<Vec<OutboxRecord>, EventStoreError> {
        let read = self.outbox.pending(&self.slots, self.per_slot).await;
        let large = match &read {
            Ok(records) => records.iter().map(|r| r.payload.len()).sum::<usize>() > LARGE_TURN,
            Err(_) => true,
        };
        let full = matches!(&read, Ok(records) if records.len() as i64 >= self.per_slot);
        if large {
            self.per_slot = (self.per_slot / 2).max(1);
        } else if full {
            self.per_slot = (self.per_slot * 2).min(MOST_PER_SLOT);
        }
        read
    }

    fn take_producer(&mut self) -> Result<OrderedProducer, MessagingError> {
        match self.producer.take() {
            Some(producer) => Ok(producer),
            None => self.kafka.ordered_producer(),
        }
    }

    /// Turns until `stop`, and then ends the turn under way. Whatever is away is waited for.
    pub async fn run(mut self, doorbell: Doorbell, check: Check, stop: CancellationToken) {
        let mut idle = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        let mut fault = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        // It needs up to a second to get its producer id: not at the expense of the first event.
        self.producer = self.take_producer().ok();
        while !stop.is_cancelled() {
            let turn = tokio::select! {
                turn = watched(&check, self.turn()) => turn,
                () = async { stop.cancelled().await; tokio::time::sleep(LAST_TURN).await } => return,
            };
            match turn {
                Ok(turn) => {
                    check.up();
                    fault.reset();
                    if turn == Turn::Idle {
                        tokio::select! {
                            () = stop.cancelled() => return,
                            () = doorbell.heard() => idle.reset(),
                            () = tokio::time::sleep(idle.wait()) => {}
                        }
                    } else {
                        idle.reset();
                    }
                }
                // New events do not make a fault go away: the doorbell is not listened to.
                Err(error) => {
                    check.away(&error);
                    metrics::counter!("outbox_publish_retries_total").increment(1);
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(fault.wait()) => {}
                    }
                }
            }
        }
    }
}

async fn publish(producer: &OrderedProducer, records: &[OutboxRecord]) -> Vec<Delivery> {
    let headers: Vec<Vec<(&str, &str)>> = records
        .iter()
        .map(|r| {
            r.headers
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect()
        })
        .collect();
    let outgoing: Vec<OutgoingRecord<'_>> = records
        .iter()
        .zip(&headers)
        .map(|(record, headers)| OutgoingRecord {
            topic: &record.topic,
            key: &record.key,
            payload: &record.payload,
            headers,
        })
        .collect();
    producer.publish(&outgoing).await
}

fn refused(records: &[OutboxRecord], deliveries: &[Delivery]) -> Option<RelayError> {
    records
        .iter()
        .zip(deliveries)
        .find_map(|(record, delivery)| match delivery {
            Delivery::Failed(error) => Some(RelayError::Refused {
                key: record.key.clone(),
                version: record.version,
                reason: error.to_string(),
            }),
            Delivery::Acknowledged { .. } | Delivery::NotSent => None,
        })
}

/// Where each event landed at debug level, the turn as one line at info.
fn log(records: &[OutboxRecord], deliveries: &[Delivery]) {
    let mut acknowledged = 0;
    for (record, delivery) in records.iter().zip(deliveries) {
        if let Delivery::Acknowledged { partition, offset } = delivery {
            acknowledged += 1;
            tracing::debug!(
                order_id = record.key,
                version = record.version,
                event_id = %record.event_id,
                correlation_id = record.headers.get("correlation-id"),
                topic = record.topic,
                partition,
                offset,
                "published"
            );
        }
    }
    tracing::info!(read = records.len(), acknowledged, "turn");
}
