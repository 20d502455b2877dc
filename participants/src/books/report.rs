use std::collections::BTreeMap;

use serde::Serialize;

use super::Class;

/// Examples kept of each class.
const EXAMPLES: usize = 10;

/// What was added up, and everything that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub ends: Ends,
    pub items: u64,
    pub pieces: Pieces,
    /// By currency.
    pub money: BTreeMap<String, Sums>,
    pub mails: Mails,
    pub settled: bool,
    pub faults: u64,
    /// Every class, found or not.
    pub findings: BTreeMap<Class, Finding>,
}

/// How the orders of sagas have ended so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ends {
    pub confirmed: u64,
    pub cancelled: u64,
    pub failed: u64,
    pub under_way: u64,
}

/// Of all items. `set` is what was counted: the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pieces {
    pub set: i128,
    pub available: i128,
    pub reserved: i128,
    pub sold: i128,
}

/// In hundredths of a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    pub captured: i128,
    pub refunded: i128,
    /// The totals of confirmed orders: what was captured and not refunded.
    pub confirmed: i128,
    /// The same by the provider's own books, where these were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_by_provider: Option<i128>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mails {
    pub sent: u64,
    /// There was no address.
    pub skipped: u64,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub count: u64,
    /// Whether one is enough to fail.
    pub fault: bool,
    /// Each with the id of its order, or store and item, in front.
    pub examples: Vec<String>,
}

impl Report {
    pub fn count(&self, class: Class) -> u64 {
        self.findings.get(&class).map_or(0, |found| found.count)
    }
}

#[derive(Default)]
pub(super) struct Findings(BTreeMap<Class, Finding>);

impl Findings {
    pub fn add(&mut self, class: Class, of: &str, detail: impl ToString) {
        let finding = self.0.entry(class).or_default();
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            finding
                .examples
                .push(format!("{of}: {}", detail.to_string()));
        }
    }

    /// Every class, found or not.
    pub fn judged(mut self, settled: bool) -> BTreeMap<Class, Finding> {
        let of_class = |class: Class| {
            let mut finding = self.0.remove(&class).unwrap_or_default();
            finding.fault = class.is_fault(settled);
            (class, finding)
        };
        Class::ALL.map(of_class).into()
    }
}
