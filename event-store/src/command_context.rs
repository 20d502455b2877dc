use std::collections::HashMap;

use domain::OccurredOn;
use domain::contract::Envelope;
use uuid::Uuid;

use crate::EventStoreError;

const CORRELATION_ID: &str = "correlationId";
const CAUSATION_ID: &str = "causationId";
const OCCURRED_ON: &str = "occurredOn";
pub(crate) const TRACEPARENT: &str = "traceparent";

/// What a command brings along, and its events carry on.
#[derive(Clone, Debug)]
pub struct CommandContext {
    /// The causation id of the command's events. A command that is tried again after a lost answer
    /// keeps its id: that is how its events are recognised.
    pub command_id: Uuid,
    pub correlation_id: String,
    /// W3C trace context, published as a header.
    pub traceparent: Option<String>,
    pub occurred_on: OccurredOn,
}

impl CommandContext {
    /// As stored beside each event.
    pub fn metadata(&self) -> HashMap<String, String> {
        let mut metadata = HashMap::from([
            (CORRELATION_ID.to_owned(), self.correlation_id.clone()),
            (CAUSATION_ID.to_owned(), self.command_id.to_string()),
            (OCCURRED_ON.to_owned(), self.occurred_on.to_string()),
        ]);
        if let Some(traceparent) = &self.traceparent {
            metadata.insert(TRACEPARENT.to_owned(), traceparent.clone());
        }
        metadata
    }

    /// The reverse of [`Self::metadata`], for callers of `cqrs_es::EventStore::commit`.
    pub fn from_metadata(metadata: &HashMap<String, String>) -> Result<Self, EventStoreError> {
        Ok(Self {
            command_id: parsed(metadata, CAUSATION_ID)?,
            correlation_id: parsed(metadata, CORRELATION_ID)?,
            traceparent: metadata.get(TRACEPARENT).cloned(),
            occurred_on: parsed(metadata, OCCURRED_ON)?,
        })
    }

    /// Whether an event with this metadata came from this command.
    pub fn caused(&self, metadata: &HashMap<String, String>) -> bool {
        metadata
            .get(CAUSATION_ID)
            .is_some_and(|id| *id == self.command_id.to_string())
    }
}

/// The published envelope of a stored event.
pub(crate) fn envelope(
    aggregate_type: &str,
    aggregate_id: &str,
    version: u64,
    event_type: String,
    schema_version: u32,
    metadata: &HashMap<String, String>,
) -> Result<Envelope, EventStoreError> {
    Ok(Envelope {
        event_id: domain::event_id(aggregate_type, aggregate_id, version),
        event_type,
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: aggregate_id.to_owned(),
        version,
        schema_version,
        occurred_on: occurred_on(metadata)?,
        correlation_id: parsed(metadata, CORRELATION_ID)?,
        causation_id: parsed(metadata, CAUSATION_ID)?,
    })
}

pub(crate) fn occurred_on(
    metadata: &HashMap<String, String>,
) -> Result<OccurredOn, EventStoreError> {
    parsed(metadata, OCCURRED_ON)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    metadata: &HashMap<String, String>,
    name: &'static str,
) -> Result<T, EventStoreError> {
    let text = metadata
        .get(name)
        .ok_or_else(|| EventStoreError::Metadata {
            name,
            fault: "is missing".to_owned(),
        })?;
    text.parse().map_err(|e: T::Err| EventStoreError::Metadata {
        name,
        fault: e.to_string(),
    })
}
