//! The order saga: who reacts to what.
//!
//! Nobody conducts it. Each participant reads the topics of the others, looks up in
//! [`REACTIONS`] what it does about what it sees, and asks its own aggregate, which knows whether
//! that is still to be done. Whatever comes in whatever order, late or again, it ends well:
//! `domain/tests/saga_model` goes through all of it.

mod diagram;
mod flow;
mod react;
mod seen;
mod table;
pub mod track;

pub use diagram::diagram;
pub use flow::SagaFlow;
pub use react::{inventory, notification, order, payment};
pub use seen::{Seen, Signal};
pub use table::{Does, Flows, Participant, REACTIONS, Reaction};
