use std::collections::HashMap;
use std::time::Duration;

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::Context;
use crate::consumer::owned;
use crate::watermarks::watermarks;
use crate::{IncomingRecord, Kafka, MessagingError};

const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a topic without a consumer group, and without leaving a trace.
pub struct TopicReader {
    consumer: StreamConsumer<Context>,
    /// The first offset of each partition that was not there when the reader was made.
    ends: HashMap<i32, i64>,
}

impl Kafka {
    /// A reader of what is in the topic now, and of what comes; or only of what comes.
    pub async fn read_topic(
        &self,
        topic: &str,
        from_beginning: bool,
    ) -> Result<TopicReader, MessagingError> {
        // The client insists on a group's name, and does not join it.
        let consumer: StreamConsumer<Context> = self
            .config()
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .create_with_context(Context::default())?;
        let topic = topic.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE)?;
            let partitions: Vec<i32> = metadata
                .topics()
                .iter()
                .flat_map(|t| t.partitions().iter().map(|p| p.id()))
                .collect();
            let mut ends = HashMap::new();
            let mut assignment = TopicPartitionList::new();
            for partition in partitions {
                let (first, end) = watermarks(&consumer, &topic, partition)?;
                let start = if from_beginning { first } else { end };
                assignment.add_partition_offset(&topic, partition, Offset::Offset(start))?;
                if end > first {
                    ends.insert(partition, end);
                }
            }
            consumer.assign(&assignment)?;
            Ok::<_, MessagingError>(TopicReader { consumer, ends })
        });
        opening
            .await
            .unwrap_or_else(|_| Err(rdkafka::error::KafkaError::Canceled.into()))
    }
}

impl TopicReader {
    /// The next record, or `None` if none comes within `patience`.
    pub async fn next(&self, patience: Duration) -> Result<Option<IncomingRecord>, MessagingError> {
        match tokio::time::timeout(patience, self.consumer.recv()).await {
            Ok(received) => Ok(Some(owned(&received?))),
            Err(_) => Ok(None),
        }
    }

    /// The same, with an eye on [`Self::has_rest`].
    pub async fn advance(
        &mut self,
        patience: Duration,
    ) -> Result<Option<IncomingRecord>, MessagingError> {
        let record = self.next(patience).await?;
        if let Some(record) = &record
            && let Some(&end) = self.ends.get(&record.partition)
            && record.offset + 1 >= end
        {
            self.ends.remove(&record.partition);
        }
        Ok(record)
    }

    /// For a reader from the beginning: whether there is more of what was there when it was made.
    pub fn has_rest(&self) -> bool {
        !self.ends.is_empty()
    }

    /// For a reader from the beginning: everything that was there when it was made, in offset
    /// order within each partition.
    pub async fn rest(mut self) -> Result<Vec<IncomingRecord>, MessagingError> {
        let mut records = Vec::new();
        while let Some(record) = self.next_of_rest().await? {
            records.push(record);
        }
        Ok(records)
    }

    /// The same, a record at a time; `None` after the last one.
    pub async fn next_of_rest(&mut self) -> Result<Option<IncomingRecord>, MessagingError> {
        while !self.ends.is_empty() {
            let message = self.consumer.recv().await?;
            let (partition, offset) = (message.partition(), message.offset());
            // Nothing else is left of a partition than what came after the reader was made.
            let Some(&end) = self.ends.get(&partition) else {
                continue;
            };
            if offset + 1 >= end {
                self.ends.remove(&partition);
            }
            if offset < end {
                return Ok(Some(owned(&message)));
            }
        }
        Ok(None)
    }
}
