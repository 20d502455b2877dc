use std::collections::HashMap;

use event_store::{Pending, SlotFloor, SlotLease};

/// From where each slot is read: what was published leaves dead entries in the index, and a long
/// transaction elsewhere keeps Postgres from clearing them away.
#[derive(Debug, Default)]
pub(crate) struct Floors(HashMap<i16, Floor>);

/// Below `at` nothing of the slot is left to publish.
#[derive(Debug, Default)]
struct Floor {
    epoch: i64,
    at: i64,
    /// Everything up to here that could be seen is published. It becomes the floor when every
    /// transaction that can have drawn a position below it has ended, and left nothing there.
    candidate: Option<Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    position: i64,
    /// Transactions that drew a position up to `position` are below this. Set by the look after
    /// the one that `position` was seen by.
    xmax: Option<i64>,
}

impl Floors {
    /// The slots to be read. Another epoch starts from nothing: somebody else worked there.
    pub fn of(&mut self, leases: &[SlotLease]) -> Vec<SlotFloor> {
        let floor = |lease: &SlotLease| {
            let floor = self.0.entry(lease.slot).or_default();
            if floor.epoch != lease.epoch {
                *floor = Floor {
                    epoch: lease.epoch,
                    ..Floor::default()
                };
            }
            SlotFloor {
                slot: lease.slot,
                floor: floor.at,
            }
        };
        leases.iter().map(floor).collect()
    }

    /// Takes note of what a look at these slots found.
    ///
    /// While a key is held nothing moves: what waits behind it was not shown, and lies anywhere.
    pub fn seen(&mut self, slots: &[SlotFloor], pending: &Pending) {
        let mut first: HashMap<i16, i64> = HashMap::new();
        for record in &pending.records {
            first.entry(record.slot).or_insert(record.position);
        }
        for SlotFloor { slot, .. } in slots {
            let Some(floor) = self.0.get_mut(slot) else {
                continue;
            };
            if pending.held.contains(slot) {
                floor.candidate = None;
            }
            let Some(candidate) = &mut floor.candidate else {
                continue;
            };
            match candidate.xmax {
                None => candidate.xmax = Some(pending.xmax),
                Some(xmax) if pending.xmin >= xmax => {
                    let below_first = first.get(slot).map_or(i64::MAX, |position| position - 1);
                    floor.at = floor.at.max(candidate.position.min(below_first));
                    floor.candidate = None;
                }
                Some(_) => {}
            }
        }
    }

    /// Everything of the slot that was read up to `position` is published.
    pub fn passed(&mut self, slot: i16, position: i64) {
        if let Some(floor) = self.0.get_mut(&slot)
            && floor.candidate.is_none()
            && position > floor.at
        {
            floor.candidate = Some(Candidate {
                position,
                xmax: None,
            });
        }
    }

    /// Reads everything from the beginning once: rows that were put there past the store, by hand,
    /// may have drawn their position before they had a transaction.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use event_store::{OutboxRecord, RecordHeaders};

    use super::*;

    const LEASE: SlotLease = SlotLease { slot: 3, epoch: 1 };

    fn look(positions: &[i64], held: bool, xmin: i64, xmax: i64) -> Pending {
        let record = |&position: &i64| OutboxRecord {
            position,
            slot: 3,
            event_id: domain::event_id("Order", "a", position as u64),
            topic: "t".to_owned(),
            key: "a".to_owned(),
            version: position as u64,
            payload: "{}".to_owned(),
            headers: RecordHeaders::default(),
            age: Duration::ZERO,
        };
        Pending {
            records: positions.iter().map(record).collect(),
            held: if held { vec![3] } else { Vec::new() },
            xmin,
            xmax,
        }
    }

    fn at(floors: &mut Floors) -> i64 {
        floors.of(&[LEASE])[0].floor
    }

    fn see(floors: &mut Floors, pending: &Pending) {
        let slots = floors.of(&[LEASE]);
        floors.seen(&slots, pending);
    }

    #[test]
    fn rises_when_whoever_could_be_below_has_ended() {
        let mut floors = Floors::default();
        see(&mut floors, &look(&[5, 6], false, 90, 100));
        floors.passed(3, 6);
        see(&mut floors, &look(&[], false, 95, 101));
        assert_eq!(at(&mut floors), 0, "a transaction below 101 is under way");
        see(&mut floors, &look(&[], false, 100, 120));
        assert_eq!(at(&mut floors), 0);
        see(&mut floors, &look(&[], false, 101, 130));
        assert_eq!(at(&mut floors), 6);
    }

    #[test]
    fn stays_below_what_came_late() {
        let mut floors = Floors::default();
        see(&mut floors, &look(&[6], false, 90, 100));
        floors.passed(3, 6);
        see(&mut floors, &look(&[], false, 90, 101));
        see(&mut floors, &look(&[4, 9], false, 101, 130));
        assert_eq!(at(&mut floors), 3);
    }

    #[test]
    fn does_not_move_while_a_key_is_held() {
        let mut floors = Floors::default();
        see(&mut floors, &look(&[6], false, 90, 100));
        floors.passed(3, 6);
        see(&mut floors, &look(&[], true, 101, 101));
        see(&mut floors, &look(&[], true, 200, 200));
        see(&mut floors, &look(&[], false, 300, 300));
        assert_eq!(at(&mut floors), 0);
    }

    #[test]
    fn starts_anew_with_another_epoch() {
        let mut floors = Floors::default();
        see(&mut floors, &look(&[6], false, 90, 100));
        floors.passed(3, 6);
        see(&mut floors, &look(&[], false, 101, 101));
        see(&mut floors, &look(&[], false, 101, 101));
        assert_eq!(at(&mut floors), 6);
        let again = SlotLease { slot: 3, epoch: 2 };
        assert_eq!(floors.of(&[again])[0].floor, 0);
    }
}
