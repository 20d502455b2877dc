use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::time::Instant;

use crate::client::Context;
use crate::{Kafka, MessagingError};

const PATIENCE: Duration = Duration::from_secs(5);

/// How long a partition may be without a leader: brokers elect another, or are let in again, within
/// seconds.
const ELECTION: Duration = Duration::from_secs(15);

/// A topic as this system needs it.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: u16,
    pub replication: u16,
}

impl Kafka {
    /// Makes the topic unless it is there: kept for ever, never compacted. A topic that is there
    /// and differs in that, or in the number of its partitions, is an error.
    pub async fn ensure_topic(&self, topic: &TopicSpec) -> Result<(), MessagingError> {
        let admin: AdminClient<Context> = self.config().create_with_context(Context::default())?;
        let in_sync = topic.replication.saturating_sub(1).max(1).to_string();
        let new = NewTopic::new(
            &topic.name,
            i32::from(topic.partitions),
            TopicReplication::Fixed(i32::from(topic.replication)),
        )
        .set("retention.ms", "-1")
        .set("cleanup.policy", "delete")
        // With one replica in sync an acknowledged record could still be lost with its leader.
        .set("min.insync.replicas", &in_sync);
        let options = AdminOptions::new()
            .request_timeout(Some(2 * PATIENCE))
            .operation_timeout(Some(PATIENCE));
        for made in admin.create_topics([&new], &options).await? {
            match made {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(MessagingError::CreateTopic { topic, code });
                }
            }
        }
        // What the controller has made, the brokers learn a little later.
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.check_topic(&topic.name, topic.partitions).await {
                Err(MessagingError::NoTopic { .. }) if Instant::now() < give_up => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                checked => break checked?,
            }
        }
        check_retention(&admin, &topic.name).await
    }

    /// Refuses a topic that is missing, or has another number of partitions.
    pub async fn check_topic(&self, topic: &str, partitions: u16) -> Result<(), MessagingError> {
        match self.partitions(topic).await? {
            found if found == usize::from(partitions) => Ok(()),
            found => Err(MessagingError::PartitionCount {
                topic: topic.to_owned(),
                expected: partitions,
                found,
            }),
        }
    }

    /// How many partitions a topic has, once all of them have a leader. Refuses one that is missing.
    pub async fn partitions(&self, topic: &str) -> Result<usize, MessagingError> {
        let client: BaseConsumer<Context> = self.config().create_with_context(Context::default())?;
        let client = Arc::new(client);
        let give_up = Instant::now() + ELECTION;
        loop {
            let (asked, name) = (client.clone(), topic.to_owned());
            let asking = tokio::task::spawn_blocking(move || look(&asked, &name));
            match asking.await.unwrap_or(Err(KafkaError::Canceled.into())) {
                Err(MessagingError::NoLeader { .. }) if Instant::now() < give_up => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                found => return found,
            }
        }
    }
}

fn look(client: &BaseConsumer<Context>, name: &str) -> Result<usize, MessagingError> {
    let metadata = client.fetch_metadata(Some(name), PATIENCE)?;
    let topics = metadata.topics();
    let partitions = topics.first().map_or(&[][..], |t| t.partitions());
    let topic = name.to_owned();
    if partitions.is_empty() {
        return Err(MessagingError::NoTopic { topic });
    }
    match partitions.iter().find(|p| p.leader() < 0) {
        Some(without) => Err(MessagingError::NoLeader {
            topic,
            partition: without.id(),
        }),
        None => Ok(partitions.len()),
    }
}

/// Events that the broker deletes or compacts away are lost to every reader of the topic.
async fn check_retention(admin: &AdminClient<Context>, topic: &str) -> Result<(), MessagingError> {
    let options = AdminOptions::new().request_timeout(Some(PATIENCE));
    let described = admin
        .describe_configs(&[ResourceSpecifier::Topic(topic)], &options)
        .await?;
    for config in described {
        let config = config.map_err(KafkaError::AdminOp)?;
        for (name, expected) in [("retention.ms", "-1"), ("cleanup.policy", "delete")] {
            let found = config.get(name).and_then(|entry| entry.value.as_deref());
            if found != Some(expected) {
                return Err(MessagingError::TopicConfig {
                    topic: topic.to_owned(),
                    name,
                    expected,
                    found: found.unwrap_or_default().to_owned(),
                });
            }
        }
    }
    Ok(())
}

impl Kafka {
    /// How large a record, or a batch of them, the topic takes. The rest of the topic's settings is
    /// what this system gives it.
    pub async fn set_largest_message(&self, topic: &str, bytes: u32) -> Result<(), MessagingError> {
        let admin: AdminClient<Context> = self.config().create_with_context(Context::default())?;
        let bytes = bytes.to_string();
        // Whatever is not named here goes back to the broker's default.
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic))
            .set("retention.ms", "-1")
            .set("cleanup.policy", "delete")
            .set("max.message.bytes", &bytes);
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        for altered in admin.alter_configs([&change], &options).await? {
            altered.map_err(|(_, code)| KafkaError::AdminOp(code))?;
        }
        Ok(())
    }
}
