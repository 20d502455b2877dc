use std::collections::HashSet;

use event_store::OutboxRecord;
use messaging::Delivery;

/// The positions that may be marked as published: of each key what was acknowledged before the
/// first record that was not.
pub(crate) fn acknowledged(records: &[OutboxRecord], deliveries: &[Delivery]) -> Vec<i64> {
    let mut stopped: HashSet<&str> = HashSet::new();
    let mut positions = Vec::with_capacity(records.len());
    for (record, delivery) in records.iter().zip(deliveries) {
        match delivery {
            Delivery::Acknowledged { .. } if !stopped.contains(record.key.as_str()) => {
                positions.push(record.position);
            }
            _ => {
                stopped.insert(&record.key);
            }
        }
    }
    positions
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn record(position: i64, key: &str) -> OutboxRecord {
        OutboxRecord {
            position,
            event_id: domain::event_id("Order", key, position as u64),
            topic: "t".to_owned(),
            key: key.to_owned(),
            version: position as u64,
            payload: "{}".to_owned(),
            headers: BTreeMap::new(),
        }
    }

    #[test]
    fn a_hole_stops_its_own_key_only() {
        let records = [
            record(1, "a"),
            record(2, "b"),
            record(3, "a"),
            record(4, "b"),
            record(5, "a"),
        ];
        let there = Delivery::Acknowledged {
            partition: 0,
            offset: 0,
        };
        let deliveries = [
            there.clone(),
            there.clone(),
            Delivery::NotSent,
            there.clone(),
            there,
        ];
        assert_eq!(acknowledged(&records, &deliveries), [1, 2, 4]);
    }
}
