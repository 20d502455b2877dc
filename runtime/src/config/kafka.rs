use super::{SagaTopics, dead_letter_topic};

/// The broker and the topic that carries the events.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Kafka")]
pub struct KafkaArgs {
    /// host:port of one or more brokers, separated by commas
    #[arg(
        long,
        env = "KAFKA_BROKERS",
        default_value = "localhost:9092",
        value_name = "BROKERS"
    )]
    pub kafka_brokers: String,

    /// The topic that carries the orders' events
    #[arg(
        long,
        env = "ORDER_EVENTS_TOPIC",
        default_value = "order-events",
        value_name = "TOPIC"
    )]
    pub order_events_topic: String,

    /// How many partitions the topic has; a topic with another count is refused, since order
    /// within a key would be lost
    #[arg(
        long,
        env = "ORDER_EVENTS_PARTITIONS",
        default_value_t = 8,
        value_name = "N"
    )]
    pub order_events_partitions: u16,

    /// The topic on which it is told how orders' sagas go
    #[arg(
        long,
        env = "SAGA_EVENTS_TOPIC",
        default_value = "saga-events",
        value_name = "TOPIC"
    )]
    pub saga_events_topic: String,

    /// The replication factor of topics that are created
    #[arg(long, env = "KAFKA_REPLICATION", default_value_t = 1, value_name = "N")]
    pub kafka_replication: u16,

    #[command(flatten)]
    pub sagas: SagaTopics,
}

impl KafkaArgs {
    /// Where events go that cannot be published: the topic's name with `-dlq`.
    pub fn dead_letter_topic(&self) -> String {
        dead_letter_topic(&self.order_events_topic)
    }
}
