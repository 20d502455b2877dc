//! What could not be published or applied: one table, for relay, projector and participants.

mod act;
mod dead_letter;
mod desk;
mod error;
mod filter;
mod item;
mod known;
mod purge;
mod record;
mod requeue_all;
mod requeued;
mod stats;
mod unpublished;

pub use act::{Action, BY_MAX_CHARS, KeepItem, REASON_MAX_CHARS};
pub use dead_letter::{
    NewDeadLetter, OriginalRecord, Place, Reason, Source, State, Subject, dead_letter_id,
};
/// What a dead-letter topic says of an item.
pub use domain::contract::dead_letter_header;
pub use error::DeskError;
pub use filter::{Filter, States};
pub use item::{Bytes, DeadLetter, Header, Summary};
pub(crate) use record::text;
pub use record::{DeadLetters, Recorded};
pub use requeue_all::RequeuedPage;
pub use requeued::WaitingDeadLetter;
pub use stats::{Count, OpenCount, Stats};
pub use unpublished::UnpublishedDeadLetter;
