use std::collections::{BTreeMap, HashMap, VecDeque};

use cqrs_es::Aggregate;
use domain::contract::{Envelope, PublishedOrderEvent, Stub};
use domain::order::Order;
use messaging::IncomingRecord;

use crate::RecordFault;
use crate::fold::Counts;
use crate::intake::BATCH;
use crate::totals::Dirty;

/// A polled batch, read and sorted by order. It stays in hand until it has taken effect whole.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// What arrived under each key and has not taken effect, in the topic's order.
    pub events: BTreeMap<String, VecDeque<PlacedEvent>>,
    /// Records whose key is no order's id, and that are not on the desk yet.
    pub keyless: VecDeque<(IncomingRecord, RecordFault)>,
    /// As many records as a batch takes: more are waiting.
    pub is_full: bool,
    /// The highest offset of each partition.
    pub offsets: HashMap<i32, i64>,
    /// Events that have taken effect, for the measurement at the end.
    pub done: Vec<PlacedEvent>,
    pub counts: Counts,
    /// Totals that what has taken effect counts in.
    pub dirty: Dirty,
    /// Records that were put on the desk.
    pub refused: u64,
}

/// An event and the record it was read from.
#[derive(Debug)]
pub(crate) struct PlacedEvent {
    pub content: Arrived,
    pub record: IncomingRecord,
}

/// What a record on the topic says.
#[derive(Debug)]
pub(crate) enum Arrived {
    Event(Box<PublishedOrderEvent>),
    /// The content is in the event store.
    Stub(Envelope),
    /// Nothing that this code can read.
    Junk(RecordFault),
}

impl Arrived {
    /// `None` of junk.
    pub fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Event(event) => Some(&event.envelope),
            Self::Stub(envelope) => Some(envelope),
            Self::Junk(_) => None,
        }
    }
}

impl Batch {
    pub fn read(records: Vec<IncomingRecord>) -> Self {
        let mut batch = Self {
            is_full: records.len() >= BATCH,
            ..Self::default()
        };
        for record in records {
            batch.offsets.insert(record.partition, record.offset);
            match (parse(&record), order_id(&record)) {
                (Err(fault), None) => batch.keyless.push_back((record, fault)),
                (parsed, key) => {
                    let key = key.unwrap_or_default().to_owned();
                    let content = parsed.unwrap_or_else(Arrived::Junk);
                    let placed = PlacedEvent { content, record };
                    batch.events.entry(key).or_default().push_back(placed);
                }
            }
        }
        batch
    }

    /// The orders whose first event is in this batch.
    pub fn beginning(&self) -> impl Iterator<Item = &String> {
        let begins = |events: &VecDeque<PlacedEvent>| {
            let first = events.front().and_then(|event| event.content.envelope());
            first.is_some_and(|envelope| envelope.version == 1)
        };
        let events = self.events.iter();
        events.filter_map(move |(order_id, events)| begins(events).then_some(order_id))
    }

    /// The first `count` events of an order have taken effect.
    pub fn finish(&mut self, order_id: &str, count: usize) {
        if let Some(events) = self.events.get_mut(order_id) {
            self.done.extend(events.drain(..count));
            if events.is_empty() {
                self.events.remove(order_id);
            }
        }
    }

    /// The first event of an order is on the desk.
    pub fn set_aside(&mut self, order_id: &str) {
        if let Some(events) = self.events.get_mut(order_id) {
            events.pop_front();
            if events.is_empty() {
                self.events.remove(order_id);
            }
        }
    }
}

/// Longer than any aggregate's id. A batch asks for all its keys in one command.
const LONGEST_KEY: usize = 4096;

/// The key, where it is a text that can be an order's id.
pub(crate) fn order_id(record: &IncomingRecord) -> Option<&str> {
    let key = record.key.as_deref()?;
    std::str::from_utf8(key)
        .ok()
        .filter(|_| key.len() <= LONGEST_KEY)
}

/// Reads a record as an event of the order that its key names.
pub(crate) fn parse(record: &IncomingRecord) -> Result<Arrived, RecordFault> {
    let value = record.payload.as_deref().ok_or(RecordFault::NoValue)?;
    match PublishedOrderEvent::parse(value) {
        Ok(event) => {
            check(record, &event.envelope)?;
            Ok(Arrived::Event(Box::new(event)))
        }
        Err(error) => {
            let Stub(envelope) = Stub::parse(value).ok_or(error)?;
            check(record, &envelope)?;
            Ok(Arrived::Stub(envelope))
        }
    }
}

fn check(record: &IncomingRecord, envelope: &Envelope) -> Result<(), RecordFault> {
    if order_id(record) != Some(&envelope.aggregate_id) {
        return Err(RecordFault::KeyMismatch(envelope.aggregate_id.clone()));
    }
    if envelope.aggregate_type != Order::TYPE {
        return Err(RecordFault::OtherAggregate(envelope.aggregate_type.clone()));
    }
    if !(1..=i64::MAX as u64).contains(&envelope.version) {
        return Err(RecordFault::NoVersion(envelope.version));
    }
    let named = domain::event_id(Order::TYPE, &envelope.aggregate_id, envelope.version);
    if envelope.event_id != named {
        return Err(RecordFault::EventId(envelope.event_id));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(partition: i32, offset: i64, value: &str) -> IncomingRecord {
        IncomingRecord {
            topic: "t".to_owned(),
            partition,
            offset,
            key: Some(b"o-1".to_vec()),
            payload: Some(value.as_bytes().to_vec()),
            headers: Vec::new(),
        }
    }

    const GOOD: &str = r#"{"eventId":"72cd8fcd-76af-5540-9ed8-378560dc2135","eventType":"OrderConfirmed","aggregateType":"Order","aggregateId":"o-1","version":2,"schemaVersion":1,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"c-1","causationId":"k-1","paymentId":"p-1"}"#;

    #[test]
    fn what_cannot_be_read_keeps_its_place() {
        let records = vec![
            record(0, 7, GOOD),
            record(0, 8, "poison"),
            record(0, 9, GOOD),
            record(1, 3, GOOD),
        ];
        let batch = Batch::read(records);
        assert_eq!(batch.offsets, HashMap::from([(0, 9), (1, 3)]));
        let in_order = &batch.events["o-1"];
        assert_eq!(in_order.len(), 4);
        assert!(matches!(in_order[1].content, Arrived::Junk(_)));
        let mut keyless = record(0, 10, "poison");
        keyless.key = Some(b"\xff".to_vec());
        assert_eq!(Batch::read(vec![keyless]).keyless.len(), 1);
    }

    #[test]
    fn junk_under_a_key_says_what_it_is() {
        let mut other_key = record(0, 1, GOOD);
        other_key.key = None;
        let other_type = GOOD.replace("\"Order\"", "\"Payment\"");
        let mut empty = record(2, 1, "");
        empty.payload = None;
        let zero = GOOD.replace(r#""version":2"#, r#""version":0"#);
        let forged = GOOD.replace(r#""version":2"#, r#""version":3"#);
        let huge = GOOD.replace(r#""version":2"#, r#""version":18446744073709551615"#);
        let other_type = record(1, 1, &other_type);
        let fault = |record: &IncomingRecord| parse(record).unwrap_err();
        assert!(matches!(fault(&other_key), RecordFault::KeyMismatch(_)));
        assert!(matches!(fault(&other_type), RecordFault::OtherAggregate(_)));
        assert!(matches!(fault(&empty), RecordFault::NoValue));
        let mut endless = record(1, 1, GOOD);
        endless.key = Some(vec![b'x'; LONGEST_KEY + 1]);
        assert!(matches!(fault(&endless), RecordFault::KeyMismatch(_)));
        let forged = record(1, 1, &forged);
        assert!(matches!(fault(&forged), RecordFault::EventId(_)));
        for version in [record(1, 1, &zero), record(1, 1, &huge)] {
            assert!(matches!(fault(&version), RecordFault::NoVersion(_)));
        }
    }

    #[test]
    fn a_stub_is_an_event_without_its_content() {
        let stub = Stub::of(GOOD.as_bytes()).unwrap().to_json().unwrap();
        let arrived = parse(&record(0, 1, &stub)).unwrap();
        assert!(matches!(arrived, Arrived::Stub(envelope) if envelope.version == 2));
    }
}
