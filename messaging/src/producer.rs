use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use crate::answers::{Answering, Answers, OnTheWay};
use crate::brokers_known::NONE_KNOWN;
use crate::client::Context;
use crate::{Kafka, MessagingError, OutgoingRecord};

/// A producer that never sends a later record of a partition without the earlier ones.
///
/// Idempotent, `acks=all`. No record times out (`message.timeout.ms=0`): one that did would leave
/// the middle of a run. Whatever the broker refuses for good ends this producer
/// (`enable.gapless.guarantee`), with everything queued behind it: make a new one and read again
/// what has to go out. What is still queued when it is dropped does not go out any more.
pub struct OrderedProducer {
    producer: Arc<BaseProducer<Answering>>,
}

/// How long a producer is listened to at a time: it is gone this long after its last use at the
/// latest. The last millisecond of each time is spent asking without a pause (`BaseProducer::poll`),
/// which at the tenth of a second of a `ThreadedProducer` is one percent of a core for each producer.
const LISTENING: Duration = Duration::from_secs(1);

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
        let producer: BaseProducer<_> = self
            .config()
            .set("enable.idempotence", "true")
            .set("enable.gapless.guarantee", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "0")
            // Else a request that failed, and may be tried again, counts as done when the next one
            // succeeds (`rd_kafka_dr_implicit_ack`), and a broker accepts any first sequence number
            // of a producer that it knows nothing of: together they lose the head of a run.
            .set("max.in.flight.requests.per.connection", "1")
            // As Kafka's Java clients: the key's slot in the outbox follows the same hash.
            .set("partitioner", "murmur2_random")
            .set("linger.ms", self.linger_ms())
            // The topic's own limit decides, not the client's.
            .set("message.max.bytes", LARGEST_MESSAGE)
            .create_with_context(Answering(Context::default()))?;
        let producer = Arc::new(producer);
        let listened_to = Arc::downgrade(&producer);
        std::thread::Builder::new()
            .name("producer".to_owned())
            .spawn(move || {
                while let Some(producer) = listened_to.upgrade() {
                    producer.poll(LISTENING);
                }
            })
            .map_err(|e| KafkaError::ClientCreation(e.to_string()))?;
        Ok(OrderedProducer { producer })
    }
}

impl Drop for OrderedProducer {
    fn drop(&mut self) {
        self.producer
            .purge(PurgeConfig::default().queue().inflight().non_blocking());
    }
}

impl OrderedProducer {
    /// Enqueues the records in their order, stops at the first that the queue has no room for, and
    /// waits until each has its answer. A record that cannot even be enqueued holds back what
    /// follows under its key. While no broker is there it waits, for ever; when none is known any
    /// more, what has no answer has failed, and may be on the topic all the same.
    pub async fn publish(&self, records: &[OutgoingRecord<'_>]) -> Vec<Delivery> {
        let answers = Answers::new(records.len());
        let mut refused: HashMap<usize, Delivery> = HashMap::new();
        let mut refused_keys: HashSet<&[u8]> = HashSet::new();
        for (index, record) in records.iter().enumerate() {
            if !refused_keys.is_empty() && record.key.is_some_and(|key| refused_keys.contains(key))
            {
                continue;
            }
            match self.enqueue(record, answers.expect(index)) {
                Ok(()) => {}
                Err(error) => {
                    answers.forget();
                    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) {
                        break;
                    }
                    refused_keys.extend(record.key);
                    let of_the_record = refuses_the_record(&error);
                    refused.insert(
                        index,
                        match of_the_record {
                            true => Delivery::Refused(error),
                            false => Delivery::Failed(error),
                        },
                    );
                }
            }
        }
        let brokers = &self.producer.context().0.brokers;
        let (answers, unanswered) = tokio::select! {
            answers = answers.all() => (answers, Delivery::NotSent),
            () = brokers.lost() => (answers.so_far(), Delivery::Failed(KafkaError::Canceled)),
        };
        let alone = records.len() == 1;
        let delivery = |(index, answer)| match answer {
            Some(Ok((partition, offset))) => Delivery::Acknowledged { partition, offset },
            Some(Err(error)) if refuses_the_record(&error) && alone => Delivery::Refused(error),
            Some(Err(error)) if refuses_the_record(&error) => Delivery::RefusedWithOthers(error),
            Some(Err(error)) => Delivery::Failed(error),
            None => refused.remove(&index).unwrap_or_else(|| unanswered.clone()),
        };
        answers.into_iter().enumerate().map(delivery).collect()
    }

    fn enqueue(
        &self,
        record: &OutgoingRecord<'_>,
        on_the_way: Box<OnTheWay>,
    ) -> Result<(), KafkaError> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for &(key, value) in record.headers {
            headers = headers.insert(Header { key, value });
        }
        let mut message: BaseRecord<'_, [u8], [u8], _> =
            BaseRecord::with_opaque_to(record.topic, on_the_way).headers(headers);
        message.key = record.key;
        message.payload = record.payload;
        self.producer.send(message).map_err(|(error, _)| error)
    }

    /// Why this producer is of no further use, if so.
    pub fn ended(&self) -> Option<String> {
        if self.producer.context().0.brokers.are_lost() {
            return Some(NONE_KNOWN.to_owned());
        }
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
