use std::collections::BTreeMap;
use std::time::Instant;

use bson::RawDocument;

use super::{Tally, Total};

/// Totals that have to be computed anew. In memory only: the offsets of what made them so are
/// stored after they are computed, so whoever comes after a crash marks them again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dirty {
    /// By id, by the place of their total in the projection's list.
    keys: BTreeMap<usize, BTreeMap<String, Change>>,
}

/// What makes a total out of date.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Whatever may have been written of its orders.
    Unknown,
    /// Documents that were written by whoever keeps this.
    Written {
        /// Before the first of them was.
        since: Instant,
        /// What they said before.
        left: Tally,
        /// What they say now.
        came: Tally,
    },
}

impl Dirty {
    /// Marks what an order's document counts in, whoever wrote it.
    pub fn mark(&mut self, totals: &[&dyn Total], order: &RawDocument) {
        for (place, total) in totals.iter().enumerate() {
            if let Some(key) = total.key(order) {
                self.change(place, key, Change::Unknown);
            }
        }
    }

    /// Marks what an order counts in whose document is written after `since`, over one that says
    /// `before`.
    pub fn write(
        &mut self,
        totals: &[&dyn Total],
        since: Instant,
        before: Option<&RawDocument>,
        after: &RawDocument,
    ) {
        let (left_all, came) = (before.and_then(Tally::of), Tally::of(after));
        for (place, total) in totals.iter().enumerate() {
            let was = before.and_then(|before| total.key(before));
            let is = total.key(after);
            let left = match &was {
                None => Some(Tally::default()),
                Some(_) => left_all.clone(),
            };
            match (left, came.clone()) {
                (Some(left), Some(came)) if was.is_none() || was == is => {
                    if let Some(key) = is {
                        self.change(place, key, Change::Written { since, left, came });
                    }
                }
                _ => {
                    for key in [was, is].into_iter().flatten() {
                        self.change(place, key, Change::Unknown);
                    }
                }
            }
        }
    }

    /// Marks a total by its id.
    pub fn mark_key(&mut self, place: usize, key: &str) {
        self.change(place, key.to_owned(), Change::Unknown);
    }

    pub fn add(&mut self, more: Self) {
        for (place, keys) in more.keys {
            for (key, change) in keys {
                self.change(place, key, change);
            }
        }
    }

    fn change(&mut self, place: usize, key: String, change: Change) {
        let keys = self.keys.entry(place).or_default();
        match keys.get_mut(&key) {
            Some(changed) => changed.join(change),
            None => {
                keys.insert(key, change);
            }
        }
    }

    pub fn of(&self, place: usize) -> impl Iterator<Item = (&String, &Change)> {
        self.keys.get(&place).into_iter().flatten()
    }

    pub fn len(&self) -> usize {
        self.keys.values().map(BTreeMap::len).sum()
    }
}

impl Change {
    fn join(&mut self, later: Self) {
        match (self, later) {
            (
                Self::Written { since, left, came },
                Self::Written {
                    since: s,
                    left: l,
                    came: c,
                },
            ) => {
                *since = s.min(*since);
                left.add(l);
                came.add(c);
            }
            (this, _) => *this = Self::Unknown,
        }
    }
}
