use cqrs_es::Aggregate;
use domain::contract::{PublishedOrderEvent, Stub};
use domain::order::Order;
use messaging::IncomingRecord;
use uuid::Uuid;

use super::digest::Digest;
use crate::RecordFault;

/// What a record claims to be.
#[derive(Debug)]
pub(crate) struct Occurrence {
    pub order_id: String,
    pub version: u64,
    pub event_id: Uuid,
    /// None for a stub.
    pub content: Option<Digest>,
}

impl Occurrence {
    pub fn read(record: &IncomingRecord) -> Result<Self, RecordFault> {
        let value = record.payload.as_deref().ok_or(RecordFault::NoValue)?;
        let (envelope, content) = match Stub::parse(value) {
            Some(Stub(envelope)) => (envelope, None),
            None => {
                let event = PublishedOrderEvent::parse(value)?;
                // Not the record's own bytes: another order of fields, or one of tomorrow's fields,
                // is the same content.
                let json = event
                    .to_json()
                    .map_err(domain::contract::ContractError::Envelope)?;
                (event.envelope, Some(Digest::of(json.as_bytes())))
            }
        };
        if record.key.as_deref() != Some(envelope.aggregate_id.as_bytes()) {
            return Err(RecordFault::KeyMismatch(envelope.aggregate_id));
        }
        if envelope.aggregate_type != Order::TYPE {
            return Err(RecordFault::OtherAggregate(envelope.aggregate_type));
        }
        Ok(Self {
            order_id: envelope.aggregate_id,
            version: envelope.version,
            event_id: envelope.event_id,
            content,
        })
    }

    /// Whether its id is the one that an event of this order and version has.
    pub fn is_genuine(&self) -> bool {
        self.event_id == domain::event_id(Order::TYPE, &self.order_id, self.version)
    }
}
