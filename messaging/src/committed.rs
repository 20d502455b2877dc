use std::collections::HashMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::Context;
use crate::{Kafka, MessagingError};

const PATIENCE: Duration = Duration::from_secs(10);

impl Kafka {
    /// The first offset of each partition that a group has not committed, asked without joining
    /// it. Partitions it has committed nothing of are left out.
    pub async fn committed_offsets(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<HashMap<i32, i64>, MessagingError> {
        let consumer: BaseConsumer<Context> = self
            .config()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .create_with_context(Context::default())?;
        let topic = topic.to_owned();
        let asking = tokio::task::spawn_blocking(move || {
            let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE)?;
            let mut asked = TopicPartitionList::new();
            for partition in metadata.topics().iter().flat_map(|t| t.partitions()) {
                asked.add_partition(&topic, partition.id());
            }
            consumer.committed_offsets(asked, PATIENCE)
        });
        let committed = match asking.await {
            Ok(answer) => answer?,
            Err(_) => return Err(KafkaError::Canceled.into()),
        };
        let elements = committed.elements();
        let known = elements.iter().filter_map(|e| match e.offset() {
            Offset::Offset(offset) => Some((e.partition(), offset)),
            _ => None,
        });
        Ok(known.collect())
    }
}
