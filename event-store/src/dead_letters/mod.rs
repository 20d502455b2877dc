//! What could not be published or applied: one table, for relay, projector and participants.

mod act;
mod dead_letter;
mod desk;
mod error;
mod filter;
mod item;
mod purge;
mod record;
mod requeued;
mod unpublished;
mod requeue_all;
mod stats;

pub use act::{BY_MAX_CHARS, REASON_MAX_CHARS};
pub use dead_letter::{
    NewDeadLetter, OriginalRecord, Place, Reason, Source, State, Subject, dead_letter_id,
};
pub use error::DeskError;
pub use filter::{Filter, States};
pub use item::{Bytes, DeadLetter, Header, Summary};
pub use record::{DeadLetters, Recorded};
pub use requeued::WaitingDeadLetter;
pub use unpublished::UnpublishedDeadLetter;
pub use requeue_all::RequeuedPage;
pub use stats::{Count, OpenCount, Stats};
