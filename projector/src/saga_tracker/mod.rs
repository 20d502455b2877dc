//! The projection `saga_tracker`: each saga's state, folded from what its participants tell on their
//! topics. It only watches, and tells of what it sees on a topic of its own.
//!
//! Topics overtake each other, so a document keeps what was seen of its order and is worked out
//! anew with every sighting; [`domain::saga::track`] says how.

mod batch;
mod projection;
mod read;
mod teller;
mod worker;

pub use teller::Teller;
pub use worker::SagaTrackerWorker;

pub struct SagaTracker;
