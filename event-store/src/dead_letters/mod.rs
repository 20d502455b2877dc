//! What could not be published or applied: one table, for relay, projector and participants.

mod dead_letter;
mod record;
mod requeued;
mod unpublished;

pub use dead_letter::{
    NewDeadLetter, OriginalRecord, Place, Reason, Source, State, Subject, dead_letter_id,
};
pub use record::{DeadLetters, Recorded};
pub use requeued::WaitingDeadLetter;
pub use unpublished::UnpublishedDeadLetter;
