use axum::response::Response;
use domain::checked_text;
use event_store::EventStoreError;
use event_store::dead_letters::{BY_MAX_CHARS, DeskError, State};
use http::StatusCode;
use runtime::http::{Caller, Problem, ProblemType};
use serde::Serialize;
use uuid::Uuid;

use crate::answer::{json, respond};
use crate::field_fault::FieldFault;
use crate::fields::{Fields, text};

pub fn shown(body: &impl Serialize) -> Response {
    respond(json(StatusCode::OK, body))
}

/// Items' ids are UUIDs: any other text names none.
pub fn item_id(id: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(id).map_err(|_| not_found(id))
}

/// Who acts: the caller. Where nobody is asked who they are, whoever they say they are; else a name
/// that is not theirs is refused, and not passed over: it would be somebody's who did nothing.
pub fn by(fields: &mut Fields, caller: &Caller) -> String {
    let said = fields.optional("by", text(|by| checked_text(by, BY_MAX_CHARS)));
    if caller.name.is_empty() {
        return said.unwrap_or_else(|| "unknown".to_owned());
    }
    if said.is_some_and(|said| said != *caller.name) {
        let detail = "is not the name you are known by: leave it out";
        fields.violate("by", FieldFault::new(ProblemType::NotTheCaller, detail));
    }
    caller.name.chars().take(BY_MAX_CHARS).collect()
}

pub fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        ProblemType::DeadLetterNotFound,
        format!("No dead letter has the id {shown:?}."),
    )
}

/// Why an item could not be acted on. Faults of ours are logged here, once.
pub fn refused(error: DeskError) -> Problem {
    match error {
        DeskError::NotFound(id) => not_found(&id.to_string()),
        DeskError::Settled { state, .. } => Problem::new(ProblemType::DeadLetterSettled, match state {
                State::Discarded => "It was discarded before.",
                _ => "Its record was published or applied, or is no part of any stream.",
            },
        )
        .with("state", state.as_str().into()),
        DeskError::StoredEvent { event_id, .. } => Problem::new(ProblemType::StoredEvent, "The record is an event of the store. Mend the code or the upcaster that cannot apply it, and requeue the item.",
        )
        .with("eventId", event_id.to_string().into()),
        DeskError::Store(EventStoreError::OutcomeUnknown(source)) => {
            tracing::warn!(error = %source, "the outcome of an action is unknown");
            Problem::new(ProblemType::OutcomeUnknown, "The event store stopped answering after it was sent. Send it again with the same Idempotency-Key to learn what it came to; if it had none, read the item first.",
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
