use std::collections::BTreeMap;

use serde::Serialize;

use super::{Class, History};

/// Examples kept of each class.
const EXAMPLES: usize = 10;

/// What was compared, and everything that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub orders: u64,
    pub events: u64,
    pub records: u64,
    pub documents: u64,
    /// The collection of the generation that answers queries; none before a projector ever ran.
    pub collection: Option<String>,
    pub settled: bool,
    pub faults: u64,
    /// Every class, found or not.
    pub findings: BTreeMap<Class, Finding>,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub count: u64,
    /// Whether one is enough to fail.
    pub fault: bool,
    pub examples: Vec<Example>,
}

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Report {
    pub fn count(&self, class: Class) -> u64 {
        self.findings.get(&class).map_or(0, |f| f.count)
    }
}

impl Example {
    pub(super) fn of(key: &str, version: u64) -> Self {
        Self {
            key: Some(key.to_owned()),
            version: Some(version),
            ..Self::default()
        }
    }

    pub(super) fn with_detail(self, detail: impl ToString) -> Self {
        Self {
            detail: Some(detail.to_string()),
            ..self
        }
    }
}

#[derive(Default)]
pub(super) struct Findings(BTreeMap<Class, Finding>);

impl Findings {
    pub fn add(&mut self, class: Class, example: Example) {
        self.add_many(class, 1, || example);
    }

    pub fn add_many(&mut self, class: Class, count: u64, example: impl FnOnce() -> Example) {
        let finding = self.0.entry(class).or_default();
        finding.count += count;
        if finding.examples.len() < EXAMPLES {
            finding.examples.push(example());
        }
    }
}

impl History {
    /// The verdict, once everything has been read. `settled`: nothing may be on its way any more.
    pub fn finish(mut self, collection: Option<String>, settled: bool) -> Report {
        self.end_of_store();
        let mut findings = std::mem::take(&mut self.findings);
        for (id, stream) in &self.streams {
            stream.conclude(id, &mut findings);
        }
        let of_class = |class: Class| {
            let mut finding = findings.0.remove(&class).unwrap_or_default();
            finding.fault = class.is_fault(settled);
            (class, finding)
        };
        let findings: BTreeMap<Class, Finding> = Class::ALL.map(of_class).into();
        Report {
            orders: self.streams.len() as u64,
            events: self.events,
            records: self.records,
            documents: self.documents,
            collection,
            settled,
            faults: findings.values().filter(|f| f.fault).map(|f| f.count).sum(),
            findings,
        }
    }
}
