//! What was published, once more: the stored events as records, and how far a replay has come.

mod log;
mod position;
mod selection;

pub use log::{ReplayItem, ReplayLog, ReplayPage, ReplayRecord, Replayable};
pub use position::{ReplayPosition, ReplayTally, Replays};
pub use selection::Selection;
