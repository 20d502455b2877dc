use axum::response::{IntoResponse, Response};
use domain::checked_text;
use event_store::EventStoreError;
use event_store::dead_letters::{BY_MAX_CHARS, DeskError, State};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use runtime::http::Problem;
use serde::Serialize;
use uuid::Uuid;

use crate::fields::{Fields, text};

pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let json = serde_json::to_string(body).map_err(|error| unread(error.into()))?;
    let content_type = HeaderValue::from_static("application/json");
    Ok((status, [(CONTENT_TYPE, content_type)], json).into_response())
}

/// Items' ids are UUIDs: any other text names none.
pub fn item_id(id: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(id).map_err(|_| not_found(id))
}

/// Who acts, as they say: callers are not authenticated.
pub fn by(fields: &mut Fields) -> String {
    let by = fields.optional("by", text(|by| checked_text(by, BY_MAX_CHARS)));
    by.unwrap_or_else(|| "unknown".to_owned())
}

pub fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        StatusCode::NOT_FOUND,
        "dead-letter-not-found",
        "There is no such dead letter.",
        format!("No dead letter has the id {shown:?}."),
    )
}

/// Why an item could not be acted on. Faults of ours are logged here, once.
pub fn refused(error: DeskError) -> Problem {
    match error {
        DeskError::NotFound(id) => not_found(&id.to_string()),
        DeskError::Settled { state, .. } => Problem::new(
            StatusCode::CONFLICT,
            "dead-letter-settled",
            "Nothing is left to be done about this dead letter.",
            match state {
                State::Discarded => "It was discarded before.",
                _ => "Its record was published or applied, or is no part of any stream.",
            },
        )
        .with("state", state.as_str().into()),
        DeskError::StoredEvent { event_id, .. } => Problem::new(
            StatusCode::CONFLICT,
            "stored-event",
            "A stored event cannot be discarded.",
            "The record is an event of the store. Mend the code or the upcaster that cannot apply it, and requeue the item.",
        )
        .with("eventId", event_id.to_string().into()),
        DeskError::Store(EventStoreError::OutcomeUnknown(source)) => {
            tracing::warn!(error = %source, "the outcome of an action is unknown");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome-unknown",
                "Whether the action took effect is not known.",
                "The event store stopped answering after it was sent. Read the item before acting again.",
            )
            .retry_after(1)
        }
        DeskError::Store(error) => unread(error),
    }
}

/// Why the desk could not be read. Logged here, once.
pub fn unread(error: EventStoreError) -> Problem {
    if error.is_transient() {
        tracing::warn!(%error, "the desk cannot be reached");
        Problem::unavailable("The event store does not answer.")
    } else {
        tracing::error!(%error, "the desk failed");
        Problem::internal()
    }
}
