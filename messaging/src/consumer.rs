use std::collections::HashMap;
use std::time::Duration;

use futures::FutureExt;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::brokers_known::NONE_KNOWN;
use crate::client::{Context, end};
use crate::watermarks::watermarks;
use crate::{IncomingRecord, Kafka, MessagingError};

/// As much as a batch of events: worth an answer at once.
const MANY_BYTES: &str = "262144";

/// A member of a consumer group that reads one topic batch by batch and stores offsets only when
/// told that a batch has taken effect.
pub struct BatchConsumer {
    consumer: StreamConsumer<Context>,
    config: ClientConfig,
    topic: String,
}

/// What one poll gave.
#[derive(Debug)]
pub enum Polled {
    /// In offset order within each partition.
    Records(Vec<IncomingRecord>),
    Idle,
    /// A partition's committed offset is missing or no longer in the topic: records may have been
    /// trimmed that were never read. Told only once, and what was read with it is dropped: whoever
    /// hears it must read no further.
    OffsetLost(String),
    /// Something that is no outage: not authorised, no such topic. The client goes on trying by
    /// itself.
    Failed(KafkaError),
    /// This member reads nothing any more until it joins anew: [`BatchConsumer::rejoin`].
    Dead(String),
}

impl Kafka {
    /// Joins `group`, which must have an offset for every partition: see
    /// [`Self::commit_start_offsets`].
    pub fn batch_consumer(
        &self,
        group: &str,
        topic: &str,
        instance: Option<&str>,
    ) -> Result<BatchConsumer, MessagingError> {
        let mut config = self.config();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "250")
            // What is committed is what was stored, and that only after it took effect.
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "10000")
            // At 500 records a poll, some seconds of reading ahead and no more memory than that.
            .set("queued.max.messages.kbytes", "16384");
        if let Some(gather) = self.gather() {
            config
                .set("fetch.wait.max.ms", gather.as_millis().to_string())
                .set("fetch.min.bytes", MANY_BYTES);
        }
        if let Some(instance) = instance {
            config.set("group.instance.id", instance);
        }
        Ok(BatchConsumer {
            consumer: join(&config, topic)?,
            config,
            topic: topic.to_owned(),
        })
    }

    /// Sets a group's offsets to the first record of each partition, whatever they were: a read
    /// model that starts empty must not start in the middle. A group with members refuses.
    pub async fn commit_start_offsets(
        &self,
        group: &str,
        topic: &str,
        partitions: u16,
    ) -> Result<(), MessagingError> {
        let consumer: BaseConsumer<Context> = self
            .config()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create_with_context(Context::default())?;
        let topic = topic.to_owned();
        let committing = tokio::task::spawn_blocking(move || {
            let mut starts = TopicPartitionList::new();
            for partition in 0..i32::from(partitions) {
                let (first, _) = watermarks(&consumer, &topic, partition)?;
                starts.add_partition_offset(&topic, partition, Offset::Offset(first))?;
            }
            consumer.commit(&starts, CommitMode::Sync)
        });
        match committing.await {
            Ok(result) => Ok(result?),
            Err(_) => Err(KafkaError::Canceled.into()),
        }
    }
}

impl BatchConsumer {
    /// Waits up to `patience` for a first record, then takes what is there already, at most `max`.
    /// While brokers are away there is nothing to read, and the client tries to reach them again.
    ///
    /// A batch holds nothing of a partition that was taken away while it was gathered.
    pub async fn poll(&self, max: usize, patience: Duration) -> Polled {
        if let Some(reason) = self.dead() {
            return Polled::Dead(reason);
        }
        let give_up = Instant::now() + patience;
        let mut records = Vec::new();
        while records.is_empty() {
            match timeout_at(give_up, self.consumer.recv()).await {
                Ok(Ok(message)) => records.push(owned(&message)),
                Ok(Err(error)) if is_outage(&error) => {}
                Ok(Err(error)) => return self.failed(error),
                Err(_) => return Polled::Idle,
            }
        }
        while records.len() < max {
            let known = self.consumer.context().revoked().len();
            let received = self.consumer.recv().now_or_never();
            // A rebalance takes place inside `recv`, in front of the message it returns.
            let taken = &self.consumer.context().revoked()[known..];
            if !taken.is_empty() {
                records.retain(|record| !taken.contains(&record.partition));
            }
            match received {
                Some(Ok(message)) => records.push(owned(&message)),
                Some(Err(error)) if is_outage(&error) => {}
                // Told again at the next poll, if it lasts; these records come first.
                Some(Err(error)) if lost_offset(&error).is_none() => break,
                Some(Err(error)) => return self.failed(error),
                None => break,
            }
        }
        if records.is_empty() {
            return Polled::Idle;
        }
        Polled::Records(records)
    }

    /// Whether the group has given this member its share, which may be no partition at all.
    pub fn has_joined(&self) -> bool {
        self.consumer.context().rebalances() > 0
    }

    /// The partitions taken away since this was asked last.
    pub fn take_revoked(&self) -> Vec<i32> {
        self.consumer.context().take_revoked()
    }

    fn failed(&self, error: KafkaError) -> Polled {
        if let Some(reason) = self.dead() {
            return Polled::Dead(reason);
        }
        match lost_offset(&error) {
            Some(code) => Polled::OffsetLost(code.to_string()),
            None => Polled::Failed(error),
        }
    }

    fn dead(&self) -> Option<String> {
        if self.consumer.context().brokers.are_lost() {
            return Some(NONE_KNOWN.to_owned());
        }
        let (code, reason) = self.consumer.client().fatal_error()?;
        Some(format!("{code}: {reason}"))
    }

    /// Says that everything up to and including these offsets has taken effect. Partitions that
    /// were taken away meanwhile are left out: whoever has them now reads those records again,
    /// which is harmless. Returns those partitions.
    pub fn store(&self, done: &HashMap<i32, i64>) -> Result<Vec<i32>, MessagingError> {
        let mut lost = Vec::new();
        for (&partition, &offset) in done {
            match self.consumer.store_offset(&self.topic, partition, offset) {
                Ok(()) => {}
                Err(KafkaError::StoreOffset(
                    RDKafkaErrorCode::State | RDKafkaErrorCode::UnknownPartition,
                )) => lost.push(partition),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(lost)
    }

    /// Joins the group anew, from the offsets committed last. A static member that was away for
    /// longer than its session can find itself fenced off by its own former self, for good; and a
    /// client can lose all its brokers.
    pub fn rejoin(&mut self) -> Result<(), MessagingError> {
        end(std::mem::replace(
            &mut self.consumer,
            join(&self.config, &self.topic)?,
        ));
        Ok(())
    }

    /// Commits what is stored and leaves the group; what is said is whether it is committed. What is
    /// not done within `patience` is not waited for: the group may take some seconds to let a member
    /// go while it shares its partitions anew.
    ///
    /// On a thread of its own: the client's calls block for as long as its brokers are away, and a
    /// runtime with all its threads in them does nothing any more, not even end.
    pub async fn leave(self, patience: Duration) -> Result<(), MessagingError> {
        let give_up = Instant::now() + patience;
        let (tell, told) = oneshot::channel();
        let (gone, left) = oneshot::channel();
        std::thread::spawn(move || {
            // Whoever asked may have lost patience.
            let _ = tell.send(self.consumer.commit_consumer_state(CommitMode::Sync));
            drop(self);
            let _ = gone.send(());
        });
        let committed = timeout_at(give_up, told).await;
        let _ = timeout_at(give_up, left).await;
        match committed {
            Ok(Ok(Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error.into()),
            Ok(Err(_)) | Err(_) => Err(KafkaError::Canceled.into()),
        }
    }
}

fn join(config: &ClientConfig, topic: &str) -> Result<StreamConsumer<Context>, KafkaError> {
    let consumer: StreamConsumer<Context> = config.create_with_context(Context::default())?;
    consumer.subscribe(&[topic])?;
    Ok(consumer)
}

/// Queued once for every failed attempt to connect.
fn is_outage(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve};
    matches!(
        error.rdkafka_error_code(),
        Some(AllBrokersDown | BrokerTransportFailure | OperationTimedOut | Resolve)
    )
}

fn lost_offset(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    use RDKafkaErrorCode::{AutoOffsetReset, NoOffset, OffsetOutOfRange};
    error
        .rdkafka_error_code()
        .filter(|code| matches!(code, AutoOffsetReset | NoOffset | OffsetOutOfRange))
}

pub(crate) fn owned(message: &BorrowedMessage<'_>) -> IncomingRecord {
    // The client panics at a header whose name is not UTF-8. Such a record must not end every
    // process that reads it: it goes on without headers.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let headers = message.headers()?;
        let owned = headers
            .iter()
            .map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)));
        Some(owned.collect())
    }));
    let headers = read.ok().flatten().unwrap_or_default();
    IncomingRecord {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec),
        headers,
    }
}
