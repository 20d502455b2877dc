use super::Class;
use super::digest::Digest;
use super::report::{Example, Findings};

/// One order: its events, how far the topic has shown them, and its document.
#[derive(Default)]
pub(super) struct Stream {
    /// In ascending order. A list, since streams are short and there are millions.
    versions: Vec<Version>,
    /// The document that the store's events make, and its version.
    pub folded: Option<(i64, Digest)>,
    /// The highest version the topic has shown.
    pub last: u64,
    /// The highest version below the projector's committed offsets.
    pub applied: u64,
    pub has_document: bool,
}

/// One version of an order.
pub(super) struct Version {
    version: u64,
    /// None where the stored event cannot be read, or none is stored.
    pub content: Option<Digest>,
    pub stored: Stored,
    pub waiting: Waiting,
    /// On the topic.
    pub seen: bool,
}

/// When the event was found in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Never,
    /// Before the outbox and the topic's ends were looked at: it has to be in one of them.
    Before,
    /// Later: it may be in neither yet.
    Since,
}

/// Whether the event was seen in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    No,
    Pending,
    Failed,
}

impl Stream {
    pub fn stored(&self, version: u64) -> Option<&Version> {
        let found = self.find(version).ok().map(|at| &self.versions[at]);
        found.filter(|known| known.stored != Stored::Never)
    }

    pub fn entry(&mut self, version: u64) -> &mut Version {
        let at = self.find(version).unwrap_or_else(|at| {
            let unknown = Version {
                version,
                content: None,
                stored: Stored::Never,
                waiting: Waiting::No,
                seen: false,
            };
            self.versions.insert(at, unknown);
            at
        });
        &mut self.versions[at]
    }

    fn find(&self, version: u64) -> Result<usize, usize> {
        self.versions.binary_search_by_key(&version, |v| v.version)
    }

    /// What only the end can tell.
    pub fn conclude(&self, id: &str, findings: &mut Findings) {
        let mut held = false;
        let mut next = 1;
        for known in &self.versions {
            let version = known.version;
            held |= known.waiting == Waiting::Failed;
            if known.stored == Stored::Before && !known.seen {
                let class = match known.waiting {
                    Waiting::No => Class::Lost,
                    Waiting::Pending | Waiting::Failed if held => Class::Held,
                    Waiting::Pending | Waiting::Failed => Class::Pending,
                };
                findings.add(class, Example::of(id, version));
            }
            if known.seen && version <= self.last {
                if version > next {
                    let example = || Example::of(id, next).with_detail(gap(next, version));
                    findings.add_many(Class::Gap, version - next, example);
                }
                next = version + 1;
            }
        }
        if !self.has_document && self.last > 0 {
            let class = if self.applied > 0 {
                Class::DocumentMissing
            } else {
                Class::DocumentBehind
            };
            findings.add(class, Example::of(id, self.last));
        }
    }
}

fn gap(first: u64, seen: u64) -> String {
    if first + 1 == seen {
        format!("version {seen} is there")
    } else {
        format!("and up to {}; version {seen} is there", seen - 1)
    }
}
