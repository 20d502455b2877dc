use crate::{Delivery, Kafka, MessagingError, OrderedProducer, OutgoingRecord, end};

/// One [`OrderedProducer`] after the other: each as long as it is of use.
pub struct LastingProducer {
    kafka: Kafka,
    producer: Option<OrderedProducer>,
}

impl Kafka {
    /// Connects with the first record, or before: see [`LastingProducer::warm_up`].
    pub fn lasting_producer(&self) -> LastingProducer {
        LastingProducer {
            kafka: self.clone(),
            producer: None,
        }
    }
}

impl LastingProducer {
    /// A new producer needs up to a second until it may send: not at the expense of an event.
    pub fn warm_up(&mut self) {
        if self.producer.is_none() {
            // What is wrong with the settings is told by the first record.
            self.producer = self.kafka.ordered_producer().ok();
        }
    }

    /// As [`OrderedProducer::publish`]. A producer that this call has ended is replaced at once; one
    /// whose call is cancelled is dropped, with what it has on the way.
    pub async fn publish(
        &mut self,
        records: &[OutgoingRecord<'_>],
    ) -> Result<Vec<Delivery>, MessagingError> {
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => self.kafka.ordered_producer()?,
        };
        let deliveries = producer.publish(records).await;
        match producer.ended() {
            None => self.producer = Some(producer),
            Some(reason) => {
                tracing::warn!(reason, "another producer takes this one's place");
                end(producer);
                self.warm_up();
            }
        }
        Ok(deliveries)
    }
}
