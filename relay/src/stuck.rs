use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use event_store::{Pending, SlotFloor};

/// How long a slot may have something to publish, not held, and not move.
const PATIENCE: Duration = Duration::from_secs(30);

/// Slots with something to publish, and since when they have not moved.
#[derive(Debug, Default)]
pub(crate) struct Stuck(BTreeMap<i16, Instant>);

impl Stuck {
    pub fn seen(&mut self, slots: &[SlotFloor], pending: &Pending, now: Instant) {
        let waiting: HashSet<i16> = pending.records.iter().map(|r| r.slot).collect();
        for SlotFloor { slot, .. } in slots {
            if waiting.contains(slot) {
                self.0.entry(*slot).or_insert(now);
            } else {
                self.0.remove(slot);
            }
        }
    }

    pub fn moved(&mut self, slot: i16) {
        self.0.remove(&slot);
    }

    /// The slot that has not moved for the longest time, if that is too long.
    pub fn longest(&self, now: Instant) -> Option<(i16, Duration)> {
        let (slot, since) = self.0.iter().min_by_key(|(_, since)| **since)?;
        let waited = now.saturating_duration_since(*since);
        (waited > PATIENCE).then_some((*slot, waited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_has_work_and_does_not_move_is_told_of() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let slots = [SlotFloor { slot: 3, floor: 0 }];
        let record = event_store::OutboxRecord {
            position: 1,
            slot: 3,
            event_id: domain::event_id("Order", "a", 1),
            topic: "t".to_owned(),
            key: "a".to_owned(),
            version: 1,
            payload: "{}".to_owned(),
            headers: Default::default(),
            age: Duration::ZERO,
        };
        let waiting = Pending {
            records: vec![record],
            ..Pending::default()
        };
        let mut stuck = Stuck::default();
        stuck.seen(&slots, &waiting, start);
        stuck.seen(&slots, &waiting, after(20));
        assert_eq!(stuck.longest(after(30)), None);
        assert_eq!(stuck.longest(after(31)), Some((3, Duration::from_secs(31))));
        stuck.moved(3);
        assert_eq!(stuck.longest(after(31)), None);
        stuck.seen(&slots, &waiting, after(31));
        stuck.seen(&slots, &Pending::default(), after(32));
        assert_eq!(
            stuck.longest(after(99)),
            None,
            "nothing waits, or it is held"
        );
    }
}
