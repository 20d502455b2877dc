use rdkafka::error::{KafkaError, RDKafkaErrorCode};

#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error("topic {topic} cannot be made: {code}")]
    CreateTopic {
        topic: String,
        code: RDKafkaErrorCode,
    },
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
    #[error("topic {topic} is there, and nobody leads its partition {partition}")]
    NoLeader { topic: String, partition: i32 },
}

impl MessagingError {
    /// Whether the same call may go through later, unchanged: brokers that do not answer, or are
    /// still on their way up.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Kafka(_) | Self::NoTopic { .. } | Self::NoLeader { .. } => true,
            Self::CreateTopic { code, .. } => matches!(
                code,
                RDKafkaErrorCode::RequestTimedOut
                    | RDKafkaErrorCode::BrokerNotAvailable
                    | RDKafkaErrorCode::NotController
                    | RDKafkaErrorCode::NetworkException
                    // Fewer brokers than replicas: the others may be on their way.
                    | RDKafkaErrorCode::InvalidReplicationFactor
            ),
            Self::PartitionCount { .. } | Self::TopicConfig { .. } => false,
        }
    }
}
