use std::collections::HashMap;

use messaging::IncomingRecord;

use super::occurrence::Occurrence;
use super::report::Example;
use super::{Class, History};
use crate::RecordFault;

/// What a record is, as far as the store is known.
#[derive(Debug)]
pub(crate) enum Recognised {
    /// The stored event.
    Stored(Occurrence),
    /// The stored event's version, with another content.
    Different(Occurrence),
    /// No event that is known: it may have been appended after the log was read.
    Unknown(Occurrence),
    Unreadable(RecordFault),
}

impl History {
    /// The first offset of each partition that the documents' consumer group has not committed.
    /// Read before the topic and before the documents.
    pub fn committed(&mut self, offsets: HashMap<i32, i64>) {
        self.committed = offsets;
    }

    pub fn recognise(&self, record: &IncomingRecord) -> Recognised {
        let occurrence = match Occurrence::read(record) {
            Ok(occurrence) => occurrence,
            Err(fault) => return Recognised::Unreadable(fault),
        };
        let stream = self.streams.get(occurrence.order_id.as_str());
        let Some(known) = stream.and_then(|s| s.stored(occurrence.version)) else {
            return Recognised::Unknown(occurrence);
        };
        match (occurrence.content, known.content) {
            (Some(content), Some(stored)) if content != stored => Recognised::Different(occurrence),
            _ => Recognised::Stored(occurrence),
        }
    }

    /// The topic's next record, in offset order within its partition. `refused`: a projector's
    /// dead letter names it; this matters only where it is not the stored event.
    pub fn record(&mut self, record: &IncomingRecord, recognised: Recognised, refused: bool) {
        self.records += 1;
        let (class, occurrence, fault) = match recognised {
            Recognised::Stored(occurrence) => return self.occurs(record, &occurrence),
            Recognised::Different(occurrence) => (Class::Different, Some(occurrence), None),
            Recognised::Unknown(occurrence) => (Class::Phantom, Some(occurrence), None),
            Recognised::Unreadable(fault) => (Class::Phantom, None, Some(fault)),
        };
        let class = if refused { Class::Refused } else { class };
        let version = occurrence.as_ref().map(|o| o.version);
        let mut example = example(record, version);
        if let Some(fault) = fault {
            example = example.with_detail(fault);
        }
        self.findings.add(class, example);
        match (class, occurrence) {
            // The event's place on the topic is taken.
            (Class::Different, Some(occurrence)) => self.occurs(record, &occurrence),
            (Class::Phantom, Some(occurrence)) => {
                // One fault is enough: not a gap besides.
                if let Some(stream) = self.streams.get_mut(occurrence.order_id.as_str()) {
                    stream.entry(occurrence.version).seen = true;
                }
            }
            _ => {}
        }
    }

    fn occurs(&mut self, record: &IncomingRecord, occurrence: &Occurrence) {
        let version = occurrence.version;
        let Some(stream) = self.streams.get_mut(occurrence.order_id.as_str()) else {
            return;
        };
        if occurrence.content.is_none() {
            self.findings
                .add(Class::Stub, example(record, Some(version)));
        }
        let committed = self.committed.get(&record.partition);
        if committed.is_some_and(|&end| record.offset < end) {
            stream.applied = stream.applied.max(version);
        }
        let known = stream.entry(version);
        let class = if known.seen {
            Class::Repeated
        } else {
            known.seen = true;
            if version > stream.last {
                stream.last = version;
                return;
            }
            Class::OutOfOrder
        };
        self.findings.add(class, example(record, Some(version)));
    }
}

fn example(record: &IncomingRecord, version: Option<u64>) -> Example {
    Example {
        key: record
            .key
            .as_deref()
            .map(|key| String::from_utf8_lossy(key).into_owned()),
        version,
        partition: Some(record.partition),
        offset: Some(record.offset),
        detail: None,
    }
}
