//! Whether anything was lost on its way: the store, the topic and the documents compared, event by
//! event. [`History`] is what is known and found so far, without any I/O; [`HistoryCheck`] reads
//! the three, in an order that raises no false alarm on a system at work.

mod check;
mod class;
mod digest;
mod documents;
mod fold;
mod occurrence;
#[cfg(test)]
mod properties;
mod report;
mod stored;
mod stream;
#[cfg(test)]
mod tests;
mod topic;
#[cfg(test)]
mod world;

use std::collections::{BTreeMap, HashMap};

use domain::order::OrderEvent;
use event_store::{StoredEvent, UnreadableEvent};

pub(crate) use digest::Digest;
use fold::Folding;
pub(crate) use occurrence::Occurrence;
use report::Findings;
pub(crate) use stored::place;
use stream::Stream;

pub use check::HistoryCheck;
pub use class::Class;
pub use report::{Example, Finding, Report};

/// A stored event as a page of the log has it.
pub(crate) type Entry = Result<StoredEvent<OrderEvent>, UnreadableEvent>;

/// What is known of every order, and what was found wrong.
///
/// Of events and documents only digests are kept: some 32 bytes an event and 200 an order.
#[derive(Default)]
pub(crate) struct History {
    streams: BTreeMap<Box<str>, Stream>,
    /// The order whose pages are streaming by.
    folding: Option<Folding>,
    /// Of the consumer group that writes the documents: what is below took effect before any
    /// document was read.
    committed: HashMap<i32, i64>,
    events: u64,
    records: u64,
    documents: u64,
    findings: Findings,
}
