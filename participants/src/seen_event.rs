use cqrs_es::Aggregate;
use domain::OccurredOn;
use domain::contract::{
    Envelope, InventoryContent, OrderContent, PaymentContent, Published, Stub, TRACEPARENT,
};
use domain::inventory::{Reservation, Stock};
use domain::order::Order;
use domain::payment::Payment;
use domain::saga::Seen;
use event_store::CommandContext;
use messaging::IncomingRecord;

use crate::RecordFault;

/// Whose events a topic carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Orders,
    Inventory,
    Payments,
}

/// An event of another participant.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    pub envelope: Envelope,
    /// `None` where it was given up on its way: it stands on the topic without its content.
    pub content: Option<SeenContent>,
    traceparent: Option<String>,
}

#[derive(Clone, Debug)]
pub enum SeenContent {
    Order(OrderContent),
    Inventory(InventoryContent),
    Payment(PaymentContent),
}

impl SeenEvent {
    pub fn seen(&self) -> Option<Seen<'_>> {
        Some(match self.content.as_ref()? {
            SeenContent::Order(content) => Seen::Order(content),
            SeenContent::Inventory(content) => Seen::Inventory(content),
            SeenContent::Payment(content) => Seen::Payment(content),
        })
    }

    /// For what comes of it: the event is its cause, and its correlation goes on.
    pub fn context(&self, now: OccurredOn) -> CommandContext {
        CommandContext {
            command_id: self.envelope.event_id,
            correlation_id: self.envelope.correlation_id.clone(),
            traceparent: self.traceparent.clone(),
            occurred_on: now,
        }
    }

    /// Reads a record of `source`'s topic.
    pub fn parse(source: Source, record: &IncomingRecord) -> Result<Self, RecordFault> {
        let value = record.payload.as_deref().ok_or(RecordFault::NoValue)?;
        let parsed = match source {
            Source::Orders => content(value, SeenContent::Order),
            Source::Inventory => content(value, SeenContent::Inventory),
            Source::Payments => content(value, SeenContent::Payment),
        };
        let (envelope, content) = match parsed {
            Ok((envelope, content)) => (envelope, Some(content)),
            Err(error) => (Stub::parse(value).ok_or(error)?.0, None),
        };
        check(source, record, &envelope)?;
        let traceparent = record.headers.iter().find(|(name, _)| name == TRACEPARENT);
        let traceparent = traceparent.and_then(|(_, value)| value.as_deref());
        Ok(Self {
            envelope,
            content,
            traceparent: traceparent
                .and_then(|text| std::str::from_utf8(text).ok())
                .map(str::to_owned),
        })
    }
}

fn content<C: domain::contract::Content>(
    value: &[u8],
    seen: impl FnOnce(C) -> SeenContent,
) -> Result<(Envelope, SeenContent), RecordFault> {
    let Published { envelope, content } = Published::<C>::parse(value)?;
    Ok((envelope, seen(content)))
}

fn check(source: Source, record: &IncomingRecord, envelope: &Envelope) -> Result<(), RecordFault> {
    let types: &[&str] = match source {
        Source::Orders => &[Order::TYPE],
        Source::Inventory => &[Reservation::TYPE, Stock::TYPE],
        Source::Payments => &[Payment::TYPE],
    };
    if record.key.as_deref() != Some(envelope.aggregate_id.as_bytes()) {
        return Err(RecordFault::KeyMismatch(envelope.aggregate_id.clone()));
    }
    let aggregate_type = &*envelope.aggregate_type;
    if !types.contains(&aggregate_type) {
        return Err(RecordFault::OtherAggregate(aggregate_type.to_owned()));
    }
    let named = domain::event_id(aggregate_type, &envelope.aggregate_id, envelope.version);
    if envelope.event_id != named {
        return Err(RecordFault::EventId(envelope.event_id));
    }
    Ok(())
}
