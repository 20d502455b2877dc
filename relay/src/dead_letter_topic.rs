use event_store::dead_letters::dead_letter_header as name;
use event_store::dead_letters::{DeadLetters, UnpublishedDeadLetter};
use messaging::{Delivery, Kafka, KafkaError, LastingProducer, MessagingError, OutgoingRecord};

use crate::RelayError;
use crate::leases::Leases;

/// How many items a turn publishes, each awaited: there are few, and one may be refused.
const AT_ONCE: i64 = 50;
/// Of a reference, in bytes.
const LONGEST_KEY: usize = 4096;
/// The relay that holds this slot does it; two that believe to hold it repeat records.
const DUTY_SLOT: i16 = 0;

/// Publishes the desk's items to the dead-letter topic, at least once: the original record byte
/// for byte, and what is known of its failure in headers that begin with `dead-letter-`.
pub struct DeadLetterTopic {
    dead_letters: DeadLetters,
    topic: String,
    leases: Leases,
    producer: LastingProducer,
}

impl DeadLetterTopic {
    pub(crate) fn new(
        dead_letters: DeadLetters,
        kafka: &Kafka,
        topic: String,
        leases: Leases,
    ) -> Self {
        Self {
            dead_letters,
            topic,
            leases,
            producer: kafka.lasting_producer(),
        }
    }

    /// Returns how many items are on the topic now that were not before.
    pub async fn turn(&mut self) -> Result<usize, RelayError> {
        if self.leases.of(DUTY_SLOT).is_none() {
            return Ok(0);
        }
        let items = self.dead_letters.unpublished(AT_ONCE).await?;
        let mut kept_back = None;
        for item in &items {
            match self.publish(item, item.original.value.as_deref()).await? {
                Delivery::Acknowledged { .. } => {}
                Delivery::Refused(error) | Delivery::RefusedWithOthers(error) => {
                    tracing::warn!(
                        dead_letter_id = %item.id, %error,
                        "the dead-letter topic does not take the record: a reference goes instead"
                    );
                    if let Err(error) = self.publish_reference(item).await {
                        tracing::error!(
                            dead_letter_id = %item.id, %error,
                            "the dead-letter topic does not take a reference either"
                        );
                        kept_back = Some(error);
                        continue;
                    }
                }
                Delivery::NotSent => return Ok(0),
                Delivery::Failed(error) => return Err(MessagingError::from(error).into()),
            }
            self.dead_letters.mark_on_topic(item.id).await?;
        }
        match kept_back {
            None => Ok(items.len()),
            Some(error) => Err(error),
        }
    }

    /// In place of a record that is too large: the same key, and where to find the rest.
    async fn publish_reference(&mut self, item: &UnpublishedDeadLetter) -> Result<(), RelayError> {
        let mut bare = item.clone();
        bare.original.headers.clear();
        bare.error_message = bare.error_message.chars().take(1000).collect();
        // A key that fills the topic's limit by itself stands in the item alone.
        bare.original.key = bare.original.key.filter(|key| key.len() <= LONGEST_KEY);
        let reference = format!(
            "{{\"deadLetterId\":\"{}\",\"contentOmitted\":true}}",
            item.id
        );
        match self.publish(&bare, Some(reference.as_bytes())).await? {
            Delivery::Acknowledged { .. } => Ok(()),
            Delivery::Refused(error)
            | Delivery::RefusedWithOthers(error)
            | Delivery::Failed(error) => Err(MessagingError::from(error).into()),
            // A queue of one record has room for it.
            Delivery::NotSent => Err(MessagingError::from(KafkaError::Canceled).into()),
        }
    }

    async fn publish(
        &mut self,
        item: &UnpublishedDeadLetter,
        value: Option<&[u8]>,
    ) -> Result<Delivery, RelayError> {
        let facts = facts(item);
        let mut headers: Vec<(&str, Option<&[u8]>)> = Vec::new();
        for (name, value) in &item.original.headers {
            headers.push((name, value.as_deref()));
        }
        for (name, fact) in &facts {
            headers.push((name, Some(fact.as_bytes())));
        }
        let record = OutgoingRecord {
            topic: &self.topic,
            key: item.original.key.as_deref(),
            payload: value,
            headers: &headers,
        };
        let mut deliveries = self.producer.publish(&[record]).await?;
        Ok(deliveries.pop().unwrap_or(Delivery::NotSent))
    }
}

fn facts(item: &UnpublishedDeadLetter) -> Vec<(&'static str, String)> {
    let failed_at = item.failed_at.to_string();
    let mut facts = vec![
        (name::ID, item.id.to_string()),
        (name::SOURCE, item.source.clone()),
        (name::REASON, item.reason.clone()),
        (name::ERROR, item.error_message.clone()),
        (name::FAILED_AT, failed_at),
        (name::RETRY_COUNT, item.retry_count.to_string()),
        (name::TOPIC, item.original.topic.clone()),
    ];
    if let Some((partition, offset)) = item.place {
        facts.push((name::PARTITION, partition.to_string()));
        facts.push((name::OFFSET, offset.to_string()));
    }
    facts
}
