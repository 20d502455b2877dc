//! Outbox to Kafka, in order for each key, whatever number of relays run.
//!
//! A relay works on the slots it holds a lease of. Leases keep relays out of each other's way; the
//! order does not depend on them. It follows from what each turn sends: for every key a gapless
//! ascending run from its first unmarked version, and what is marked is on the topic. Whatever runs
//! mix, the first occurrences of each version come in order. So a relay that died in between, or
//! was paused past its leases and wakes with records queued, adds repeats and nothing else.
//!
//! What would break it is a record missing from the middle of a run. Therefore no record times out
//! in the producer, a refusal ends the producer and everything behind the refused record, and a
//! refused record holds its key, and only its key, until it is published or given up.

mod dead_letter_topic;
mod error;
mod floor;
mod held_back;
mod lane;
mod leases;
mod outcome;
mod pace;
mod publish;
mod relay;
mod replay;
mod retention;
mod run;
mod settings;
mod stuck;

pub use dead_letter_topic::DeadLetterTopic;
pub use error::RelayError;
pub use held_back::{HeldBack, HeldTurn};
pub use leases::Leases;
pub use relay::{Publishing, Relay, Turn};
pub use replay::{Replay, ReplayError, rehearse};
pub use retention::{Cleaning, Retention};
pub use settings::Settings;
