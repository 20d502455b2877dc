use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::MessagingError;

/// The brokers, and the settings every client shares.
#[derive(Clone, Debug)]
pub struct Kafka {
    brokers: String,
}

impl Kafka {
    /// `brokers`: host:port of one or more, separated by commas.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
        }
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            // After an outage the default of up to 10 s would be added to it.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            .set("socket.keepalive.enable", "true")
            // Whether a broker answers is asked, shown and logged by the readiness checks; the
            // client's own lines repeat it several times a second.
            .set("log.connection.close", "false")
            .set_log_level(RDKafkaLogLevel::Critical);
        config
    }

    /// A client to ask the broker with; for [`Self::ping`].
    pub fn prober(&self) -> Result<Prober, MessagingError> {
        Ok(Prober(std::sync::Arc::new(self.config().create()?)))
    }
}

/// Asks whether the brokers answer.
#[derive(Clone)]
pub struct Prober(std::sync::Arc<BaseConsumer>);

impl Prober {
    pub async fn ping(&self) -> Result<(), MessagingError> {
        let client = self.0.clone();
        let asked = tokio::task::spawn_blocking(move || {
            client.fetch_metadata(Some("__consumer_offsets"), Duration::from_millis(1500))
        });
        match asked.await {
            Ok(answer) => {
                answer?;
                Ok(())
            }
            // The runtime is shutting down: nobody waits for this answer.
            Err(_) => Ok(()),
        }
    }
}
