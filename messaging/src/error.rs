use rdkafka::error::KafkaError;

#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error("topic {topic} cannot be made: {reason}")]
    CreateTopic { topic: String, reason: String },
    /// With another number of partitions than before, a key's later records would land elsewhere.
    #[error("topic {topic} has {found} partitions, {expected} are configured")]
    PartitionCount {
        topic: String,
        expected: u16,
        found: usize,
    },
    /// The broker would delete events that readers still need.
    #[error("topic {topic} has {name}={found}, it needs {expected}")]
    TopicConfig {
        topic: String,
        name: &'static str,
        expected: &'static str,
        found: String,
    },
    #[error("topic {topic} does not exist")]
    NoTopic { topic: String },
}
