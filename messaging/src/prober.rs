use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;

use crate::asker::Asker;
use crate::{Kafka, MessagingError};

/// Asks whether the brokers answer.
#[derive(Clone)]
pub struct Prober(Arc<Asker>);

impl Kafka {
    pub fn prober(&self) -> Result<Prober, MessagingError> {
        Ok(Prober(Arc::new(Asker::new(self, "prober")?)))
    }
}

impl Prober {
    pub async fn ping(&self) -> Result<(), MessagingError> {
        const PATIENCE: Duration = Duration::from_millis(1500);
        let question = |client: &_| {
            Consumer::fetch_metadata(client, Some("__consumer_offsets"), PATIENCE).map(|_| ())
        };
        self.0.ask(question).await
    }
}
