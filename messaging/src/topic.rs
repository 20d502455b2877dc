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
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for made in admin.create_topics([&new], &options).await? {
            match made {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(MessagingError::CreateTopic {
                        topic,
                        reason: code.to_string(),
                    });
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

    /// Refuses a topic that is missing, or not served yet, or has another number of partitions.
    pub async fn check_topic(&self, topic: &str, partitions: u16) -> Result<(), MessagingError> {
        let client: BaseConsumer<Context> = self.config().create_with_context(Context::default())?;
        let name = topic.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let metadata = client.fetch_metadata(Some(&name), PATIENCE)?;
            let partitions = metadata
                .topics()
                .first()
                .map_or(&[][..], |t| t.partitions());
            let served = partitions.iter().all(|p| p.leader() >= 0);
            Ok::<_, MessagingError>(if served { partitions.len() } else { 0 })
        })
        .await
        .unwrap_or(Ok(0))?;
        match found {
            0 => Err(MessagingError::NoTopic {
                topic: topic.to_owned(),
            }),
            found if found == usize::from(partitions) => Ok(()),
            found => Err(MessagingError::PartitionCount {
                topic: topic.to_owned(),
                expected: partitions,
                found,
            }),
        }
    }
}

/// Events that the broker deletes or compacts away are lost to every reader of the topic.
async fn check_retention(admin: &AdminClient<Context>, topic: &str) -> Result<(), MessagingError> {
    let described = admin
        .describe_configs(&[ResourceSpecifier::Topic(topic)], &AdminOptions::new())
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
