use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

use crate::asker::Asker;
use crate::{Kafka, MessagingError};

/// Short: it is asked again within a second, and a broker that comes back is to be seen at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches how far a consumer group has come with a topic, without joining it.
#[derive(Clone)]
pub struct GroupProgress {
    asker: Arc<Asker>,
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
        Ok(GroupProgress {
            asker: Arc::new(Asker::new(self, group)?),
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
        let (topic, partitions) = (self.topic.clone(), 0..i32::from(self.partitions));
        let question = move |client: &_| {
            let end = |partition| {
                let (_, end) = Consumer::fetch_watermarks(client, &topic, partition, PATIENCE)?;
                Ok((partition, end))
            };
            partitions.map(end).collect()
        };
        self.asker.ask(question).await
    }

    /// The first offset of each partition that the group has not committed. Partitions it has
    /// committed nothing of are left out.
    pub async fn committed(&self) -> Result<HashMap<i32, i64>, MessagingError> {
        let mut asked = TopicPartitionList::new();
        for partition in 0..i32::from(self.partitions) {
            asked.add_partition(&self.topic, partition);
        }
        let question = |client: &_| Consumer::committed_offsets(client, asked, PATIENCE);
        let committed = self.asker.ask(question).await?;
        let elements = committed.elements();
        let known = elements.iter().filter_map(|e| match e.offset() {
            Offset::Offset(offset) => Some((e.partition(), offset)),
            _ => None,
        });
        Ok(known.collect())
    }
}
