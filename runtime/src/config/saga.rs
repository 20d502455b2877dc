/// Whether there are sagas, and the topics of who takes part in them.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Sagas")]
pub struct SagaTopics {
    /// Whether sagas are carried out beside manual orders: with topics and schemas of their own
    #[arg(long, env = "SAGAS", value_name = "BOOL", default_value_t = true,
          action = clap::ArgAction::Set)]
    pub sagas: bool,

    /// The topic that carries inventory's events
    #[arg(
        long,
        env = "INVENTORY_EVENTS_TOPIC",
        default_value = "inventory-events",
        value_name = "TOPIC"
    )]
    pub inventory_events_topic: String,

    /// The topic that carries the payments' events
    #[arg(
        long,
        env = "PAYMENT_EVENTS_TOPIC",
        default_value = "payment-events",
        value_name = "TOPIC"
    )]
    pub payment_events_topic: String,

    /// The topic that carries the notifications' events
    #[arg(
        long,
        env = "NOTIFICATION_EVENTS_TOPIC",
        default_value = "notification-events",
        value_name = "TOPIC"
    )]
    pub notification_events_topic: String,
}

impl SagaTopics {
    /// What the participants publish to; nothing where there are no sagas.
    pub fn names(&self) -> Vec<String> {
        let names = [
            &self.inventory_events_topic,
            &self.payment_events_topic,
            &self.notification_events_topic,
        ];
        names.into_iter().filter(|_| self.sagas).cloned().collect()
    }
}

/// Where events go that cannot be published: the topic's name with `-dlq`.
pub fn dead_letter_topic(topic: &str) -> String {
    format!("{topic}-dlq")
}
