use bson::{Bson, Document};

use super::digest::Digest;
use super::fold::fold_to;
use super::report::Example;
use super::{Class, Entry, History};

/// Names what a document waits for; no part of what the events say.
const HELD_BACK: &str = "heldBack";

/// A document that is not what the log has made of its order: it may be behind or ahead of it,
/// which only the order's stream, read again, can tell.
pub(crate) struct Unsettled {
    pub order_id: String,
    version: i64,
    held: bool,
    content: Document,
}

impl History {
    /// A document, after the topic was read.
    pub fn document(&mut self, mut document: Document) -> Option<Unsettled> {
        self.documents += 1;
        let Some(Bson::String(order_id)) = document.get("_id").cloned() else {
            let key = document.get("_id").map(ToString::to_string);
            let example = Example {
                key,
                ..Example::default()
            };
            self.findings.add(Class::DocumentUnknown, example);
            return None;
        };
        let held = document
            .remove(HELD_BACK)
            .is_some_and(|held| held != Bson::Null);
        let version = match document.get("version") {
            Some(Bson::Int64(version)) => *version,
            Some(Bson::Int32(version)) => i64::from(*version),
            _ => -1,
        };
        let expected = self.streams.get(order_id.as_str()).and_then(|s| s.folded);
        let found = digest_of(document.clone()).map(|digest| (version, digest));
        if expected.is_some() && expected == found {
            self.reached(&order_id, version, held);
            return None;
        }
        Some(Unsettled {
            order_id,
            version,
            held,
            content: document,
        })
    }

    /// The same document beside its order's stream, which was read after it.
    pub fn settle(&mut self, document: Unsettled, stream: Vec<Entry>) {
        let Unsettled {
            order_id,
            version,
            held,
            content,
        } = document;
        if stream.is_empty() && !held {
            let example = Example {
                key: Some(order_id),
                ..Example::default()
            };
            return self.findings.add(Class::DocumentUnknown, example);
        }
        // Held before its first event: there is nothing to compare.
        if !(held && version == 0)
            && let Some(difference) = difference(version, content, stream)
        {
            let example = Example::of(&order_id, version.max(0) as u64).with_detail(difference);
            self.findings.add(Class::DocumentDifferent, example);
        }
        self.reached(&order_id, version, held);
    }

    /// How far a document has come.
    fn reached(&mut self, order_id: &str, version: i64, held: bool) {
        let version = version.max(0) as u64;
        let example = || Example::of(order_id, version);
        let stream = self.streams.get_mut(order_id);
        let (last, applied) = stream.map_or((0, 0), |stream| {
            stream.has_document = true;
            (stream.last, stream.applied)
        });
        let class = if held {
            Class::DocumentHeld
        } else if version < applied {
            Class::DocumentStale
        } else if version < last {
            Class::DocumentBehind
        } else {
            return;
        };
        self.findings.add(class, example());
    }
}

/// In what a document differs from the fold of its order's events.
fn difference(version: i64, content: Document, stream: Vec<Entry>) -> Option<String> {
    let expected = fold_to(version, stream)
        .and_then(|document| bson::serialize_to_document(&document).map_err(|e| e.to_string()));
    let mut expected = match expected {
        Ok(expected) => expected,
        Err(reason) => return Some(reason),
    };
    expected.remove(HELD_BACK);
    let mut fields: Vec<&str> = expected
        .keys()
        .chain(content.keys())
        .filter(|field| expected.get(field) != content.get(field))
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    fields.dedup();
    (!fields.is_empty()).then(|| format!("differs in {}", fields.join(", ")))
}

/// None where it cannot be written as bytes, and so equals nothing.
pub(super) fn digest_of(mut document: Document) -> Option<Digest> {
    document.remove(HELD_BACK);
    let bytes = bson::serialize_to_vec(&document).ok()?;
    Some(Digest::of(&bytes))
}
