use std::collections::BTreeMap;

use serde::Serialize;

/// Examples kept of each finding.
const EXAMPLES: usize = 10;

/// Where an order's state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// The row of its current state in Postgres.
    State,
    /// Its document in the generation that answers queries.
    Document,
    /// Its newest record.
    Topic,
    /// What the log has of a record.
    #[serde(rename = "event_log")]
    EventLog,
    /// One of the totals it counts in, by the kind's name.
    #[serde(untagged)]
    Total(&'static str),
}

/// In what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    Missing,
    /// The store has no event of it.
    Extra,
    Behind,
    Different,
    /// Waits for a dead letter: no fault.
    Held,
    /// The store's own events cannot be folded: there is nothing to compare with.
    Unreadable,
}

impl Class {
    /// Whether it may be that a record waits in the outbox.
    pub(super) fn may_be_held(self) -> bool {
        matches!(self, Self::Missing | Self::Behind)
    }
}

/// What one place has that it should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub class: Class,
    pub detail: String,
}

impl Difference {
    pub(super) fn of(class: Class, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        Self { class, detail }
    }

    /// The order's next record is a dead letter, or about to be one.
    pub(super) fn hold(&mut self) {
        if self.class.may_be_held() {
            self.class = Class::Held;
        }
    }
}

/// What was compared, and what was found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Orders of the store that were compared.
    pub orders: u64,
    /// The collection of the generation that answers queries; none before a projector ever ran.
    pub collection: Option<String>,
    /// Totals that were compared with the orders that count in them.
    pub totals: u64,
    /// Of these, totals that were written at every look, and could not be.
    pub totals_in_motion: u64,
    /// Records that were compared with their entries in the log.
    pub records: u64,
    /// What still differs.
    pub faults: u64,
    /// Documents and totals that were made again, and do not differ any more.
    pub healed: u64,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub place: Place,
    pub class: Class,
    pub count: u64,
    pub examples: Vec<Example>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    /// The order's, the total's or the entry's.
    pub id: String,
    pub detail: String,
    pub healed: bool,
}

impl Report {
    pub fn count(&self, place: Place, class: Class) -> u64 {
        let finding = self
            .findings
            .iter()
            .find(|f| (f.place, f.class) == (place, class));
        finding.map_or(0, |finding| finding.count)
    }
}

/// What a part of the verification came to.
#[derive(Default)]
pub(super) struct Tally {
    pub faults: u64,
    pub healed: u64,
    pub in_motion: u64,
    pub compared: u64,
}

#[derive(Default)]
pub(super) struct Findings(BTreeMap<(Place, Class), Finding>);

impl Findings {
    pub fn add(&mut self, id: &str, place: Place, difference: &Difference, healed: bool) {
        let class = difference.class;
        let finding = self.0.entry((place, class)).or_insert(Finding {
            place,
            class,
            count: 0,
            examples: Vec::new(),
        });
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            finding.examples.push(Example {
                id: id.to_owned(),
                detail: difference.detail.clone(),
                healed,
            });
        }
    }

    pub fn into_vec(self) -> Vec<Finding> {
        self.0.into_values().collect()
    }
}
