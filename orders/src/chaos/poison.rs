use std::time::Duration;

use messaging::{Delivery, LastingProducer, MessagingError, OutgoingRecord};

/// How often a record may be refused, and how long to wait each time, until the broker goes by a
/// limit that was raised before.
const REFUSALS: u32 = 60;
const LOOK: Duration = Duration::from_millis(500);

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
            let event_id = domain::event_id("Order", key, version.into());
            format!(
                "{{\"eventId\":\"{event_id}\",\"eventType\":\"{event_type}\",\
                 \"aggregateType\":\"Order\",\"aggregateId\":\"{key}\",\"version\":{version},\
                 \"schemaVersion\":1,\"occurredOn\":\"2026-11-21T10:00:00.000000Z\",\
                 \"correlationId\":\"chaos\",\"causationId\":\"chaos\",\
                 \"sagaFlow\":\"stock-first\"}}"
            )
        };
        match self {
            Self::NoJson => b"\xff\xfe no JSON".to_vec(),
            Self::UnknownType => event("OrderFrozen", 2).into_bytes(),
            // None of those who take part in sagas reacts to it: they could not know better.
            Self::VersionGap => event("OrderStockReserved", 99).into_bytes(),
            Self::ThreeMegabytes => vec![b'x'; 3_000_000],
        }
    }

    /// Whether those who take part in sagas cannot read it either.
    pub fn is_for_all(self) -> bool {
        !matches!(self, Self::VersionGap)
    }

    /// Returns once the record is on the topic, or known not to be.
    pub async fn put(
        self,
        producer: &mut LastingProducer,
        topic: &str,
        key: &str,
    ) -> Result<Delivery, MessagingError> {
        let value = self.value(key);
        let record = OutgoingRecord {
            topic,
            key: Some(key.as_bytes()),
            payload: Some(&value),
            headers: &[],
        };
        let mut refusals = 0;
        loop {
            match producer.publish(&[record]).await?.pop() {
                Some(Delivery::Refused(_)) if refusals < REFUSALS => refusals += 1,
                delivery => return Ok(delivery.unwrap_or(Delivery::NotSent)),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
