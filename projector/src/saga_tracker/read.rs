use domain::contract::{ContractError, Envelope};
use domain::saga::Participant;
use domain::saga::track::Sighting;
use messaging::IncomingRecord;

use crate::RecordFault;
use crate::batch::{Arrived, order_id, parse};

/// What a record of the orders' topic tells of a saga. What cannot be read there is what
/// `order_view` cannot read either, and is the same item on the desk.
pub(super) fn of_orders(record: &IncomingRecord) -> Result<Option<Sighting>, RecordFault> {
    match parse(record)? {
        Arrived::Event(event) => {
            let sighting = Sighting::of(Participant::Order, &event.envelope);
            Ok(sighting.add_order(&event.content))
        }
        Arrived::Stub(envelope) => Ok(Some(Sighting::of(Participant::Order, &envelope))),
        Arrived::Junk(fault) => Err(fault),
    }
}

/// The same of another participant's topic.
pub(super) fn of_others(record: &IncomingRecord) -> Result<Option<Sighting>, RecordFault> {
    let value = record.payload.as_deref().ok_or(RecordFault::NoValue)?;
    let unread = |error| RecordFault::Participant(ContractError::Envelope(error));
    let envelope: Envelope = serde_json::from_slice(value).map_err(unread)?;
    if !Sighting::is_of(&envelope.aggregate_type) {
        return Err(RecordFault::NoParticipant(envelope.aggregate_type));
    }
    if order_id(record) != Some(&envelope.aggregate_id) {
        return Err(RecordFault::KeyMismatch(envelope.aggregate_id));
    }
    if !(1..=i64::MAX as u64).contains(&envelope.version) {
        return Err(RecordFault::NoVersion(envelope.version));
    }
    let (of, id) = (&envelope.aggregate_type, &envelope.aggregate_id);
    if envelope.event_id != domain::event_id(of, id, envelope.version) {
        return Err(RecordFault::EventId(envelope.event_id));
    }
    Sighting::read(&envelope, value).map_err(RecordFault::Participant)
}
