use event_store::replay::{ReplayItem, ReplayRecord};
use messaging::{Delivery, Kafka, LastingProducer, MessagingError, OutgoingRecord};

use crate::publish::Headers;

/// Sends records to one topic, so that each key's arrive in order or not at all.
pub(super) struct Sender {
    topic: String,
    producer: LastingProducer,
}

type Record<'a> = (&'a ReplayItem, &'a ReplayRecord);

/// What became of a record.
pub(super) enum Sent {
    Acknowledged,
    Refused(String),
    /// An earlier record of its key was refused.
    Behind,
}

impl Sender {
    pub fn new(kafka: &Kafka, topic: String) -> Self {
        Self {
            topic,
            producer: kafka.lasting_producer(),
        }
    }

    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// All at once; where that ends the producer, what is left one at a time, since a refusal hits
    /// innocents too.
    pub async fn send(&mut self, records: &[Record<'_>]) -> Result<Vec<Sent>, MessagingError> {
        let together = self.publish(records).await?;
        let mut sent: Vec<Sent> = Vec::with_capacity(records.len());
        let mut refused: Option<&str> = None;
        for (record, delivery) in records.iter().zip(together) {
            let key = record.0.aggregate_id.as_str();
            let outcome = match delivery {
                Delivery::Acknowledged { .. } => Sent::Acknowledged,
                _ if refused == Some(key) => Sent::Behind,
                _ => self.send_alone(*record).await?,
            };
            if let Sent::Refused(_) = outcome {
                refused = Some(key);
            }
            sent.push(outcome);
        }
        Ok(sent)
    }

    async fn send_alone(&mut self, record: Record<'_>) -> Result<Sent, MessagingError> {
        loop {
            match self.publish(&[record]).await?.pop() {
                Some(Delivery::Acknowledged { .. }) => return Ok(Sent::Acknowledged),
                Some(Delivery::Refused(error) | Delivery::RefusedWithOthers(error)) => {
                    return Ok(Sent::Refused(error.to_string()));
                }
                Some(Delivery::Failed(error)) => {
                    return Err(error.into());
                }
                Some(Delivery::NotSent) | None => {}
            }
        }
    }

    async fn publish(&mut self, records: &[Record<'_>]) -> Result<Vec<Delivery>, MessagingError> {
        let headers: Vec<Headers<'_>> = records
            .iter()
            .map(|(_, record)| {
                let headers = record.headers.iter();
                headers
                    .map(|(name, value)| (name.as_str(), Some(value.as_bytes())))
                    .collect()
            })
            .collect();
        let outgoing: Vec<OutgoingRecord<'_>> = records
            .iter()
            .zip(&headers)
            .map(|((item, record), headers)| OutgoingRecord {
                topic: &self.topic,
                key: Some(item.aggregate_id.as_bytes()),
                payload: Some(record.payload.as_bytes()),
                headers,
            })
            .collect();
        self.producer.publish(&outgoing).await
    }
}
