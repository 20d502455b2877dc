use crate::{Delivery, Kafka, MessagingError, OrderedProducer, OutgoingRecord};

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

    /// As [`OrderedProducer::publish`]. A producer that has ended is replaced. One whose call is cut
    /// off still sends what it has, before anything that the next call gives it.
    pub async fn publish(
        &mut self,
        records: &[OutgoingRecord<'_>],
    ) -> Result<Vec<Delivery>, MessagingError> {
        self.replace_ended();
        let producer = match &mut self.producer {
            Some(producer) => producer,
            none => none.insert(self.kafka.ordered_producer()?),
        };
        let deliveries = producer.publish(records).await;
        self.replace_ended();
        Ok(deliveries)
    }

    fn replace_ended(&mut self) {
        if let Some(reason) = self.producer.as_ref().and_then(OrderedProducer::ended) {
            tracing::warn!(reason, "another producer takes this one's place");
            self.producer = None;
            self.warm_up();
        }
    }
}
