use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use domain::saga::track::{Milestone, Sighting};
use messaging::IncomingRecord;

use crate::RecordFault;

/// A polled batch. It stays in hand until it has taken effect whole.
#[derive(Default)]
pub(super) struct Batch {
    /// What was seen of each order, with the record that says so.
    pub seen: BTreeMap<String, Vec<(Sighting, IncomingRecord)>>,
    /// Records that cannot be read, and are not on the desk yet.
    pub refused: VecDeque<(IncomingRecord, RecordFault)>,
    /// The highest offset of each partition.
    pub offsets: HashMap<i32, i64>,
    /// What was told since the batch was polled.
    pub told: HashSet<(String, Milestone)>,
    pub counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub applied: u64,
    pub repeated: u64,
    pub refused: u64,
}

impl Batch {
    pub fn read(
        records: Vec<IncomingRecord>,
        read: fn(&IncomingRecord) -> Result<Option<Sighting>, RecordFault>,
    ) -> Self {
        let mut batch = Self::default();
        for record in records {
            batch.offsets.insert(record.partition, record.offset);
            match read(&record) {
                Ok(Some(sighting)) => {
                    // It was read as the aggregate's id.
                    let key = record.key.as_deref().unwrap_or_default();
                    let saga_id = String::from_utf8_lossy(key).into_owned();
                    let seen = batch.seen.entry(saga_id).or_default();
                    seen.push((sighting, record));
                }
                Ok(None) => {}
                Err(fault) => batch.refused.push_back((record, fault)),
            }
        }
        batch
    }

    /// What was seen of an order cannot be kept.
    pub fn refuse(&mut self, saga_id: &str, fault: impl Fn() -> RecordFault) {
        let seen = self.seen.remove(saga_id).unwrap_or_default();
        let records = seen.into_iter().map(|(_, record)| (record, fault()));
        self.refused.extend(records);
    }
}
