//! A saga as somebody sees it who only watches: what is told on the topics, put together again.
//!
//! Topics overtake each other and records come again, so a [`Track`] keeps what was seen, each
//! event once, and everything else is worked out from that: whatever came in whatever order, the
//! same sightings make the same saga.

mod milestone;
mod sequence;
mod sighting;
mod state;
mod status;
mod step;
#[cfg(test)]
mod tests;
mod ways;

pub use milestone::Milestone;
pub use sequence::sequence;
pub use sighting::Sighting;
pub use state::SagaState;
pub use status::SagaStatus;
pub use step::{SagaStep, StepStatus};
pub use ways::Track;
