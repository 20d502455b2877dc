use std::collections::HashMap;

use cqrs_es::DomainEvent;
use domain::EventSourced;
use domain::contract::headers;
use uuid::Uuid;

use crate::command_context::envelope;
use crate::{Append, CommandContext, EventStoreError, IdempotencyRecord, slot};

/// A decision as the values of its rows, made by its caller before it enters the queue.
pub struct Command {
    pub stream: String,
    pub expected: u64,
    pub state: String,
    pub metadata: String,
    pub slot: i16,
    pub events: Vec<EventRow>,
    pub idempotency: Option<IdempotencyRecord>,
}

/// One event's columns in `events` and in `outbox`.
pub struct EventRow {
    pub id: Uuid,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub published: String,
    pub headers: String,
}

impl Command {
    pub fn new<A: EventSourced>(
        append: &Append<'_, A>,
        metadata: &HashMap<String, String>,
    ) -> Result<Self, EventStoreError> {
        let events = (append.expected_version + 1..)
            .zip(append.events)
            .map(|(version, event)| {
                row::<A>(append.stream, version, event, append.context, metadata)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            stream: append.stream.to_owned(),
            expected: append.expected_version,
            state: serde_json::to_string(append.state)?,
            metadata: serde_json::to_string(metadata)?,
            slot: slot(append.stream) as i16,
            events,
            idempotency: append.idempotency.cloned(),
        })
    }

    /// The stream's version once this command has gone through.
    pub fn version(&self) -> u64 {
        self.expected + self.events.len() as u64
    }

    /// About as much as it adds to a statement.
    pub fn bytes(&self) -> usize {
        let event = |e: &EventRow| {
            self.metadata.len() + e.payload.len() + e.published.len() + e.headers.len()
        };
        let answer = |i: &IdempotencyRecord| i.answer.body.len();
        self.state.len()
            + self.events.iter().map(event).sum::<usize>()
            + self.idempotency.as_ref().map_or(0, answer)
    }
}

/// `metadata` is the context's own.
pub fn row<A: EventSourced>(
    stream: &str,
    version: u64,
    event: &A::Event,
    context: &CommandContext,
    metadata: &HashMap<String, String>,
) -> Result<EventRow, EventStoreError> {
    let envelope = envelope(
        A::TYPE,
        stream,
        version,
        event.event_type(),
        A::published_schema_version(event),
        metadata,
    )?;
    let headers = headers(&envelope, context.traceparent.as_deref());
    Ok(EventRow {
        id: envelope.event_id,
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: serde_json::to_string(event)?,
        headers: serde_json::to_string(&headers)?,
        published: A::publish(envelope, event.clone())?,
    })
}
