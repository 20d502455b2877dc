use std::collections::HashMap;

use domain::EventSourced;

use crate::{CommandContext, IdempotencyRecord};

/// The decision of one command, to be written whole or not at all.
pub struct Append<'a, A: EventSourced> {
    pub stream: &'a str,
    /// The version the decision was made on; 0 where there was no stream.
    pub expected_version: u64,
    /// At least one.
    pub events: &'a [A::Event],
    /// The aggregate after the events.
    pub state: &'a A,
    pub context: &'a CommandContext,
    /// Written with the events, and only with them.
    pub idempotency: Option<&'a IdempotencyRecord>,
}

#[derive(Clone, Debug)]
pub struct Appended {
    /// Of the stream, after the events.
    pub version: u64,
    /// As stored with each of the events.
    pub metadata: HashMap<String, String>,
}
