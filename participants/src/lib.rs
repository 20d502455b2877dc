//! Who takes part in the order saga. Inventory, payment and notification have a Postgres schema, a
//! consumer group and a topic of their own each, and know the others by their events only; the
//! order itself takes part by a reactor beside its own store.
//!
//! All of them are [`Worker`]s: a [`Reactor`] decides about batches of events, and the inbox makes
//! sure that each has its effect once.

mod blocked;
pub mod books;
mod desk;
pub mod errands;
mod error;
mod group;
mod intake;
pub mod inventory;
pub mod notification;
mod one_stream;
pub mod order;
pub mod payment;
mod reactor;
mod seen_event;
mod streams;
mod worker;

pub use blocked::Blocked;
pub use error::{ParticipantError, RecordFault};
pub use group::join;
pub use intake::{Counts, Intake};
pub use one_stream::{OneStream, Rules};
pub use reactor::Reactor;
pub use seen_event::{SeenContent, SeenEvent, Source};
pub use streams::{Changed, Streams};
pub use worker::{Step, Worker};
