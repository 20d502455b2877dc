use messaging::{Delivery, OrderedProducer, OutgoingRecord};

/// Records that are no part of any order, put under the keys of real ones.
#[derive(Clone, Copy, Debug)]
pub enum Poison {
    NoJson,
    UnknownType,
    VersionGap,
    ThreeMegabytes,
}

impl Poison {
    pub const ALL: [Self; 4] = [
        Self::NoJson,
        Self::UnknownType,
        Self::VersionGap,
        Self::ThreeMegabytes,
    ];

    fn value(self, key: &str) -> Vec<u8> {
        let event = |event_type: &str, version: u32| {
            format!(
                "{{\"eventId\":\"34d6c9f6-e0b7-56b1-8d0c-7d6ea6e0d6a2\",\"eventType\":\"{event_type}\",\
                 \"aggregateType\":\"Order\",\"aggregateId\":\"{key}\",\"version\":{version},\
                 \"schemaVersion\":1,\"occurredOn\":\"2026-11-21T10:00:00.000000Z\",\
                 \"correlationId\":\"chaos\",\"causationId\":\"chaos\",\"paymentId\":\"p-1\"}}"
            )
        };
        match self {
            Self::NoJson => b"\xff\xfe no JSON".to_vec(),
            Self::UnknownType => event("OrderFrozen", 2).into_bytes(),
            Self::VersionGap => event("OrderConfirmed", 99).into_bytes(),
            Self::ThreeMegabytes => vec![b'x'; 3_000_000],
        }
    }

    /// Returns once the record is on the topic, or refused.
    pub async fn put(self, producer: &OrderedProducer, topic: &str, key: &str) -> Delivery {
        let value = self.value(key);
        let record = OutgoingRecord {
            topic,
            key: Some(key.as_bytes()),
            payload: Some(&value),
            headers: &[],
        };
        let mut deliveries = producer.publish(&[record]).await;
        deliveries.pop().unwrap_or(Delivery::NotSent)
    }
}
