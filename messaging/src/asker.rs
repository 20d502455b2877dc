use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use crate::client::{Context, end};
use crate::{Kafka, MessagingError};

/// A client that is asked now and then for as long as the process lives. One that knows no broker
/// any more is replaced.
pub(crate) struct Asker {
    config: ClientConfig,
    client: Mutex<Arc<BaseConsumer<Context>>>,
}

impl Asker {
    /// Asks as `group`, without joining it.
    pub fn new(kafka: &Kafka, group: &str) -> Result<Self, MessagingError> {
        let mut config = kafka.config();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false");
        let client = make(&config)?;
        Ok(Self {
            config,
            client: Mutex::new(client),
        })
    }

    /// The client's questions block.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer<Context>) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, MessagingError> {
        let client = self.client()?;
        let asking = tokio::task::spawn_blocking(move || {
            // What the client has to say piles up until somebody listens. Without any time it would
            // tell one thing a poll.
            while client.poll(Duration::from_millis(5)).is_some() {}
            question(&client)
        });
        match asking.await {
            Ok(answer) => Ok(answer?),
            // The runtime is shutting down.
            Err(_) => Err(KafkaError::Canceled.into()),
        }
    }

    pub fn client(&self) -> Result<Arc<BaseConsumer<Context>>, MessagingError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if client.context().brokers.are_lost() {
            end(std::mem::replace(&mut *client, make(&self.config)?));
        }
        Ok(client.clone())
    }
}

fn make(config: &ClientConfig) -> Result<Arc<BaseConsumer<Context>>, KafkaError> {
    Ok(Arc::new(config.create_with_context(Context::default())?))
}
