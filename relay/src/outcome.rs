use std::collections::{BTreeMap, BTreeSet, HashSet};

use event_store::OutboxRecord;
use messaging::{Delivery, KafkaError};

/// What the deliveries of a turn mean for the outbox.
#[derive(Debug, Default)]
pub(crate) struct Outcome<'a> {
    /// Of each key what was acknowledged before the first record that was not.
    pub acknowledged: Vec<i64>,
    /// Refused for certain, with everything before them under their key acknowledged.
    pub refused: Vec<(&'a OutboxRecord, &'a KafkaError)>,
    /// Slots with a batch that was refused as a whole, innocents included.
    pub suspects: BTreeSet<i16>,
    /// A failure that says nothing about a record.
    pub failed: Option<&'a KafkaError>,
    /// The last position of each slot up to which everything is acknowledged.
    pub passed: BTreeMap<i16, i64>,
}

impl<'a> Outcome<'a> {
    /// `records` are in order within each slot.
    pub fn of(records: &'a [OutboxRecord], deliveries: &'a [Delivery]) -> Self {
        let mut outcome = Self::default();
        let mut stopped_keys: HashSet<&str> = HashSet::new();
        let mut stopped_slots: HashSet<i16> = HashSet::new();
        for (record, delivery) in records.iter().zip(deliveries) {
            let first_of_its_key = !stopped_keys.contains(record.key.as_str());
            if matches!(delivery, Delivery::Acknowledged { .. }) && first_of_its_key {
                outcome.acknowledged.push(record.position);
                if !stopped_slots.contains(&record.slot) {
                    outcome.passed.insert(record.slot, record.position);
                }
                continue;
            }
            stopped_keys.insert(&record.key);
            stopped_slots.insert(record.slot);
            match delivery {
                Delivery::Refused(error) if first_of_its_key => {
                    outcome.refused.push((record, error));
                }
                Delivery::RefusedWithOthers(_) => {
                    outcome.suspects.insert(record.slot);
                }
                Delivery::Failed(error) => outcome.failed = outcome.failed.or(Some(error)),
                Delivery::Acknowledged { .. } | Delivery::Refused(_) | Delivery::NotSent => {}
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use event_store::RecordHeaders;

    use super::*;

    fn record(position: i64, slot: i16, key: &str) -> OutboxRecord {
        OutboxRecord {
            position,
            slot,
            event_id: domain::event_id("Order", key, position as u64),
            topic: "t".to_owned(),
            key: key.to_owned(),
            version: position as u64,
            payload: "{}".to_owned(),
            headers: RecordHeaders::default(),
            age: Duration::ZERO,
        }
    }

    const THERE: Delivery = Delivery::Acknowledged {
        partition: 0,
        offset: 0,
    };
    const REFUSED: Delivery = Delivery::Refused(KafkaError::Canceled);

    #[test]
    fn a_hole_stops_its_own_key_only() {
        let records = [
            record(1, 0, "a"),
            record(2, 0, "b"),
            record(3, 0, "a"),
            record(4, 0, "b"),
            record(5, 0, "a"),
        ];
        let deliveries = [THERE, THERE, Delivery::NotSent, THERE, THERE];
        let outcome = Outcome::of(&records, &deliveries);
        assert_eq!(outcome.acknowledged, [1, 2, 4]);
        assert_eq!(outcome.passed, BTreeMap::from([(0, 2)]));
    }

    #[test]
    fn only_the_first_record_of_a_key_counts_as_refused() {
        let records = [record(1, 0, "a"), record(2, 0, "a"), record(3, 1, "b")];
        let failed = Delivery::RefusedWithOthers(KafkaError::Canceled);
        let deliveries = [failed, REFUSED, REFUSED];
        let outcome = Outcome::of(&records, &deliveries);
        let refused: Vec<i64> = outcome.refused.iter().map(|(r, _)| r.position).collect();
        assert_eq!(refused, [3], "what is behind a suspect is not judged");
        assert_eq!(outcome.suspects, BTreeSet::from([0]));
    }
}
