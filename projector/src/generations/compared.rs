use serde::Serialize;

const EXAMPLES: usize = 10;

/// What the comparison of two generations came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub left: u32,
    pub right: u32,
    /// Of two schema versions only the documents' ids and versions can be compared.
    pub contents: bool,
    pub collections: Vec<Compared>,
}

/// The same of one of their collections.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    pub name: &'static str,
    pub documents: u64,
    pub missing: u64,
    pub extra: u64,
    pub different: u64,
    /// Moved at every look.
    pub in_flight: u64,
    pub examples: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    pub kind: Kind,
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Only the left one has it.
    Missing,
    /// Only the right one has it.
    Extra,
    Different,
}

impl Comparison {
    pub fn is_equal(&self) -> bool {
        self.collections
            .iter()
            .all(|compared| compared.found() == 0)
    }
}

impl Compared {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            documents: 0,
            missing: 0,
            extra: 0,
            different: 0,
            in_flight: 0,
            examples: Vec::new(),
        }
    }

    pub(super) fn found(&self) -> u64 {
        self.missing + self.extra + self.different
    }

    pub(super) fn add(&mut self, kind: Kind, id: String, detail: Option<String>) {
        match kind {
            Kind::Missing => self.missing += 1,
            Kind::Extra => self.extra += 1,
            Kind::Different => self.different += 1,
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push(Difference { kind, id, detail });
        }
    }
}
