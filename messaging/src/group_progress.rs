use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::Context;
use crate::{Kafka, MessagingError};

/// Short: it is asked again within a second, and a broker that comes back is to be seen at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches how far a consumer group has come with a topic, without joining it.
#[derive(Clone)]
pub struct GroupProgress {
    consumer: Arc<BaseConsumer<Context>>,
    topic: String,
    partitions: u16,
}

impl Kafka {
    pub fn group_progress(
        &self,
        group: &str,
        topic: &str,
        partitions: u16,
    ) -> Result<GroupProgress, MessagingError> {
        let consumer = self
            .config()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create_with_context(Context::default())?;
        Ok(GroupProgress {
            consumer: Arc::new(consumer),
            topic: topic.to_owned(),
            partitions,
        })
    }
}

impl GroupProgress {
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The offset that the next record of each partition will have.
    pub async fn ends(&self) -> Result<HashMap<i32, i64>, MessagingError> {
        self.ask(|consumer, topic, partitions| {
            partitions
                .map(|partition| {
                    let (_, end) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
                    Ok((partition, end))
                })
                .collect()
        })
        .await
    }

    /// The first offset of each partition that the group has not committed. Partitions it has
    /// committed nothing of are left out.
    pub async fn committed(&self) -> Result<HashMap<i32, i64>, MessagingError> {
        self.ask(|consumer, topic, partitions| {
            let mut asked = TopicPartitionList::new();
            for partition in partitions {
                asked.add_partition(topic, partition);
            }
            let committed = consumer.committed_offsets(asked, PATIENCE)?;
            let elements = committed.elements();
            let known = elements.iter().filter_map(|e| match e.offset() {
                Offset::Offset(offset) => Some((e.partition(), offset)),
                _ => None,
            });
            Ok(known.collect())
        })
        .await
    }

    /// The client's questions block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(
            &BaseConsumer<Context>,
            &str,
            std::ops::Range<i32>,
        ) -> Result<T, KafkaError>
        + Send
        + 'static,
    ) -> Result<T, MessagingError> {
        let (asked, partitions) = (self.clone(), 0..i32::from(self.partitions));
        let asking = tokio::task::spawn_blocking(move || {
            // What the client has to say of an outage piles up until somebody listens.
            while asked.consumer.poll(Duration::ZERO).is_some() {}
            question(&asked.consumer, &asked.topic, partitions)
        });
        match asking.await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(KafkaError::Canceled.into()),
        }
    }
}
