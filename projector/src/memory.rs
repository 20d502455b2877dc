use std::collections::{HashMap, VecDeque};

use bson::RawDocumentBuf;

/// What is remembered, in bytes of documents: a few minutes of a busy topic.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Documents that this worker folded from an order's first event on and has written, so that the
/// next event needs no reading. They are what the events make them whatever became of the stored
/// ones, and a write over one that changed meanwhile misses its guard like any other.
///
/// Others, read once, are not kept: one that was damaged would come back after it was healed.
#[derive(Default)]
pub(crate) struct Memory {
    documents: HashMap<String, RawDocumentBuf>,
    /// Oldest first; also of documents that are replaced, or gone.
    written: VecDeque<(String, usize)>,
    bytes: usize,
}

impl Memory {
    pub fn recall(&self, order_id: &str) -> Option<&RawDocumentBuf> {
        self.documents.get(order_id)
    }

    pub fn forget(&mut self, order_id: &str) {
        self.documents.remove(order_id);
    }

    /// In the place of what is remembered of the order.
    pub fn keep(&mut self, order_id: String, document: RawDocumentBuf) {
        let size = document.as_bytes().len() + order_id.len();
        self.written.push_back((order_id.clone(), size));
        self.bytes += size;
        self.documents.insert(order_id, document);
        while self.bytes > MOST_BYTES {
            let Some((oldest, size)) = self.written.pop_front() else {
                break;
            };
            self.bytes -= size;
            // One that was written again later goes early: it is read again.
            self.documents.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut memory = Memory::default();
        let document = |n: i64| rawdoc! { "version": n, "text": "x".repeat(1024 * 1024) };
        for n in 0..100 {
            memory.keep(n.to_string(), document(n));
        }
        assert!(memory.bytes <= MOST_BYTES);
        assert_eq!(memory.recall("0"), None);
        assert_eq!(memory.recall("99"), Some(&document(99)));
        memory.forget("99");
        assert_eq!(memory.recall("99"), None);
    }
}
