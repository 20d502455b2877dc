use std::collections::{BTreeMap, BTreeSet};

use bson::RawDocument;

use super::Total;

/// Totals that have to be computed anew. In memory only: the offsets of what made them so are
/// stored after they are computed, so whoever comes after a crash marks them again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dirty {
    /// Ids, by the place of their total in the projection's list.
    keys: BTreeMap<usize, BTreeSet<String>>,
}

impl Dirty {
    /// Marks what an order's document counts in.
    pub fn mark(&mut self, totals: &[&dyn Total], order: &RawDocument) {
        for (place, total) in totals.iter().enumerate() {
            if let Some(key) = total.key(order) {
                self.keys.entry(place).or_default().insert(key);
            }
        }
    }

    /// Marks a total by its id.
    pub fn mark_key(&mut self, place: usize, key: &str) {
        self.keys.entry(place).or_default().insert(key.to_owned());
    }

    pub fn add(&mut self, more: Self) {
        for (place, keys) in more.keys {
            self.keys.entry(place).or_default().extend(keys);
        }
    }

    pub fn of(&self, place: usize) -> Vec<String> {
        self.keys
            .get(&place)
            .map(|keys| keys.iter().cloned().collect())
            .unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.keys.values().map(BTreeSet::len).sum()
    }
}
