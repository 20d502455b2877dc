use std::collections::{BTreeMap, HashMap};

use cqrs_es::Aggregate;
use domain::contract::PublishedOrderEvent;
use domain::order::Order;
use messaging::IncomingRecord;

use crate::RecordFault;

/// A polled batch, read and sorted by order. It stays in hand until it has taken effect whole.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Each order's events, in the topic's order.
    pub events: BTreeMap<String, Vec<PlacedEvent>>,
    /// The highest offset of each partition, up to which everything is in `events`.
    pub offsets: HashMap<i32, i64>,
    pub faults: Vec<Fault>,
}

/// An event and where it was read.
#[derive(Debug)]
pub(crate) struct PlacedEvent {
    pub event: PublishedOrderEvent,
    pub partition: i32,
    pub offset: i64,
}

/// A record that cannot be applied. Its partition goes no further.
#[derive(Debug)]
pub(crate) struct Fault {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<String>,
    pub fault: RecordFault,
}

impl Batch {
    /// Reads records up to the first of each partition that cannot be read.
    ///
    /// `stopped` are the partitions that were stopped before, in front of these offsets: what the
    /// client had fetched beyond is dropped.
    pub fn read(records: Vec<IncomingRecord>, stopped: &BTreeMap<i32, i64>) -> Self {
        let mut batch = Self::default();
        for record in records {
            let beyond = stopped.get(&record.partition);
            if beyond.is_some_and(|&stop| record.offset > stop)
                || batch.is_stopped(record.partition)
            {
                continue;
            }
            let (partition, offset) = (record.partition, record.offset);
            match parse(&record) {
                Ok(event) => {
                    batch.offsets.insert(partition, offset);
                    let order_id = event.envelope.aggregate_id.clone();
                    let placed = PlacedEvent {
                        event,
                        partition,
                        offset,
                    };
                    batch.events.entry(order_id).or_default().push(placed);
                }
                Err(fault) => batch.faults.push(Fault {
                    partition,
                    offset,
                    key: record
                        .key
                        .map(|key| String::from_utf8_lossy(&key).into_owned()),
                    fault,
                }),
            }
        }
        batch
    }

    /// Takes note of a fault found while folding: offsets from it on are not done.
    pub fn stop(&mut self, fault: Fault) {
        if let Some(done) = self.offsets.get_mut(&fault.partition) {
            *done = (*done).min(fault.offset - 1);
        }
        self.faults.push(fault);
    }

    fn is_stopped(&self, partition: i32) -> bool {
        self.faults.iter().any(|fault| fault.partition == partition)
    }
}

fn parse(record: &IncomingRecord) -> Result<PublishedOrderEvent, RecordFault> {
    let value = record.payload.as_deref().ok_or(RecordFault::NoValue)?;
    let event = PublishedOrderEvent::parse(value)?;
    let envelope = &event.envelope;
    if record.key.as_deref() != Some(envelope.aggregate_id.as_bytes()) {
        return Err(RecordFault::KeyMismatch(envelope.aggregate_id.clone()));
    }
    if envelope.aggregate_type != Order::TYPE {
        return Err(RecordFault::OtherAggregate(envelope.aggregate_type.clone()));
    }
    if envelope.version == 0 {
        return Err(RecordFault::NoVersion);
    }
    Ok(event)
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

    const GOOD: &str = r#"{"eventId":"34d6c9f6-e0b7-56b1-8d0c-7d6ea6e0d6a2","eventType":"OrderConfirmed","aggregateType":"Order","aggregateId":"o-1","version":2,"schemaVersion":1,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"c-1","causationId":"k-1","paymentId":"p-1"}"#;

    #[test]
    fn a_record_that_cannot_be_read_ends_its_partition_only() {
        let records = vec![
            record(0, 7, GOOD),
            record(0, 8, "poison"),
            record(0, 9, GOOD),
            record(1, 3, GOOD),
        ];
        let batch = Batch::read(records, &BTreeMap::new());
        assert_eq!(batch.offsets, HashMap::from([(0, 7), (1, 3)]));
        assert_eq!(batch.events["o-1"].len(), 2);
        assert_eq!((batch.faults[0].partition, batch.faults[0].offset), (0, 8));
    }

    #[test]
    fn what_lies_beyond_a_stop_is_dropped() {
        let stopped = BTreeMap::from([(0, 8)]);
        let records = vec![record(0, 9, GOOD), record(0, 10, GOOD), record(1, 9, GOOD)];
        let batch = Batch::read(records, &stopped);
        assert_eq!(batch.offsets, HashMap::from([(1, 9)]));
    }

    #[test]
    fn a_fault_found_while_folding_takes_offsets_back() {
        let mut batch = Batch::read(
            vec![record(0, 7, GOOD), record(0, 8, GOOD)],
            &BTreeMap::new(),
        );
        batch.stop(Fault {
            partition: 0,
            offset: 8,
            key: None,
            fault: RecordFault::NoValue,
        });
        assert_eq!(batch.offsets, HashMap::from([(0, 7)]));
    }

    #[test]
    fn junk_under_a_key_is_a_fault() {
        let mut other_key = record(0, 1, GOOD);
        other_key.key = None;
        let other_type = GOOD.replace("\"Order\"", "\"Payment\"");
        let mut empty = record(2, 1, "");
        empty.payload = None;
        let records = vec![other_key, record(1, 1, &other_type), empty];
        let batch = Batch::read(records, &BTreeMap::new());
        assert!(matches!(batch.faults[0].fault, RecordFault::KeyMismatch(_)));
        assert!(matches!(
            batch.faults[1].fault,
            RecordFault::OtherAggregate(_)
        ));
        assert!(matches!(batch.faults[2].fault, RecordFault::NoValue));
    }
}
