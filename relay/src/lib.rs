//! Outbox to Kafka, in order for each key.
//!
//! Each turn sends, for every key, a gapless ascending run from its first unmarked version, and
//! marks only what Kafka acknowledged without a hole before it. A relay that dies in between, or a
//! second one beside it, can only repeat records: the first occurrences stay in order.

mod acknowledged;
mod relay;

pub use relay::{Relay, RelayError, Turn};
