use domain::contract::{Published, SagaContent, headers};
use messaging::{Delivery, Kafka, LastingProducer, OutgoingRecord};

use crate::ProjectorError;

/// Publishes what is told of sagas, at least once: a repeat has the same id.
pub struct Teller {
    topic: String,
    producer: LastingProducer,
}

impl Teller {
    pub fn new(kafka: &Kafka, topic: &str) -> Self {
        let mut producer = kafka.lasting_producer();
        producer.warm_up();
        Self {
            topic: topic.to_owned(),
            producer,
        }
    }

    /// Waits until all are on the topic; while no broker is there, for ever.
    pub(super) async fn tell(
        &mut self,
        events: &[Published<SagaContent>],
    ) -> Result<(), ProjectorError> {
        let mut written = Vec::with_capacity(events.len());
        for event in events {
            let value = event.to_json();
            let value = value.map_err(|error| ProjectorError::Telling(error.to_string()))?;
            written.push((value, headers(&event.envelope, None)));
        }
        let headers: Vec<Vec<_>> = written
            .iter()
            .map(|(_, headers)| {
                let headers = headers.iter();
                headers
                    .map(|(name, value)| (name.as_str(), Some(value.as_bytes())))
                    .collect()
            })
            .collect();
        let records: Vec<OutgoingRecord<'_>> = events
            .iter()
            .zip(&written)
            .zip(&headers)
            .map(|((event, (value, _)), headers)| OutgoingRecord {
                topic: &self.topic,
                key: Some(event.envelope.aggregate_id.as_bytes()),
                payload: Some(value.as_bytes()),
                headers,
            })
            .collect();
        let deliveries = self.producer.publish(&records).await?;
        let is_there = |delivery: &Delivery| matches!(delivery, Delivery::Acknowledged { .. });
        match deliveries.into_iter().find(|delivery| !is_there(delivery)) {
            None => Ok(()),
            // All of it again: with a queue that has room by then, or with another producer.
            Some(other) => Err(ProjectorError::Telling(format!("{other:?}"))),
        }
    }
}
