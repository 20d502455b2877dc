use std::collections::HashSet;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer};

use crate::client::Context;
use crate::{Kafka, MessagingError, OutgoingRecord};

/// A producer that never sends a later record of a partition without the earlier ones.
///
/// Idempotent, `acks=all`. No record times out (`message.timeout.ms=0`): one that did would leave
/// the middle of a run. Whatever the broker refuses for good ends this producer
/// (`enable.gapless.guarantee`), with everything queued behind it: make a new one and read again
/// what has to go out.
pub struct OrderedProducer {
    producer: FutureProducer<Context>,
}

/// The most librdkafka lets a record have.
const LARGEST_MESSAGE: &str = "1000000000";

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// In the topic, on all replicas in sync.
    Acknowledged { partition: i32, offset: i64 },
    /// The queue was full before it, or an earlier record of its key was refused: offer it again.
    NotSent,
    /// This record is one that Kafka does not take: too large, invalid, against a policy. It would
    /// be refused again.
    Refused(KafkaError),
    /// So is this one, or another that went out in the same batch: all of a batch share the answer.
    RefusedWithOthers(KafkaError),
    /// Nothing is known against the record: the topic is gone, or this client may not write, or
    /// the producer was ended by another record's refusal.
    Failed(KafkaError),
}

impl Kafka {
    pub fn ordered_producer(&self) -> Result<OrderedProducer, MessagingError> {
        let producer = self
            .config()
            .set("enable.idempotence", "true")
            .set("enable.gapless.guarantee", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "0")
            // As Kafka's Java clients: the key's slot in the outbox follows the same hash.
            .set("partitioner", "murmur2_random")
            .set("linger.ms", self.linger_ms())
            // The topic's own limit decides, not the client's.
            .set("message.max.bytes", LARGEST_MESSAGE)
            .create_with_context(Context::default())?;
        Ok(OrderedProducer { producer })
    }
}

impl OrderedProducer {
    /// Enqueues the records in their order, stops at the first that the queue has no room for, and
    /// waits until each has its answer. A record that cannot even be enqueued holds back what
    /// follows under its key. While no broker is there it waits, for ever.
    pub async fn publish(&self, records: &[OutgoingRecord<'_>]) -> Vec<Delivery> {
        let mut reports: Vec<Result<DeliveryFuture, Delivery>> = Vec::with_capacity(records.len());
        let mut refused: HashSet<&[u8]> = HashSet::new();
        for record in records {
            if record.key.is_some_and(|key| refused.contains(key)) {
                reports.push(Err(Delivery::NotSent));
                continue;
            }
            match self.enqueue(record) {
                Ok(report) => reports.push(Ok(report)),
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => break,
                Err(error) => {
                    refused.extend(record.key);
                    let of_the_record = refuses_the_record(&error);
                    reports.push(Err(match of_the_record {
                        true => Delivery::Refused(error),
                        false => Delivery::Failed(error),
                    }));
                }
            }
        }
        let alone = records.len() == 1;
        let mut deliveries = Vec::with_capacity(records.len());
        for report in reports {
            deliveries.push(match report {
                Ok(report) => match report.await {
                    Ok(Ok(delivered)) => Delivery::Acknowledged {
                        partition: delivered.partition,
                        offset: delivered.offset,
                    },
                    Ok(Err((error, _))) if refuses_the_record(&error) && alone => {
                        Delivery::Refused(error)
                    }
                    Ok(Err((error, _))) if refuses_the_record(&error) => {
                        Delivery::RefusedWithOthers(error)
                    }
                    Ok(Err((error, _))) => Delivery::Failed(error),
                    // The producer went away under it.
                    Err(_) => Delivery::Failed(KafkaError::Canceled),
                },
                Err(refused) => refused,
            });
        }
        deliveries.resize(records.len(), Delivery::NotSent);
        deliveries
    }

    fn enqueue(&self, record: &OutgoingRecord<'_>) -> Result<DeliveryFuture, KafkaError> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for &(key, value) in record.headers {
            headers = headers.insert(Header { key, value });
        }
        let mut message = FutureRecord::to(record.topic).headers(headers);
        message.key = record.key;
        message.payload = record.payload;
        self.producer
            .send_result(message)
            .map_err(|(error, _)| error)
    }

    /// Why this producer is of no further use, if so.
    pub fn fatal_error(&self) -> Option<String> {
        let (code, reason) = self.producer.client().fatal_error()?;
        Some(format!("{code}: {reason}"))
    }
}

/// What a broker, or the client itself, says of a record and not of the state of things.
fn refuses_the_record(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        InvalidMessageSize, InvalidRecord, InvalidTimestamp, MessageBatchTooLarge,
        MessageSizeTooLarge, PolicyViolation,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            InvalidMessageSize
                | InvalidRecord
                | InvalidTimestamp
                | MessageBatchTooLarge
                | MessageSizeTooLarge
                | PolicyViolation
        )
    )
}
