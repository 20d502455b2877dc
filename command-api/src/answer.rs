use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use domain::order::{Order, OrderError, OrderStatus};
use event_store::{EventStoreError, ExecuteError, Executed, StoredAnswer};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use runtime::http::{Problem, ProblemType};
use serde::Serialize;
use uuid::Uuid;

use crate::order_id::not_found;

/// What a command led to. `version` is also the token to read one's own write with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    order_id: &'a str,
    status: Option<OrderStatus>,
    version: u64,
    /// Of what this command added; empty where the order was as wanted already.
    event_ids: Vec<Uuid>,
}

/// `ETag` always; `Location` with 201.
pub fn answer(status: StatusCode, order_id: &str, executed: &Executed<Order>) -> StoredAnswer {
    let body = Answer {
        order_id,
        status: executed.aggregate.status(),
        version: executed.version,
        event_ids: executed
            .events
            .iter()
            .map(|event| domain::event_id("Order", order_id, event.sequence as u64))
            .collect(),
    };
    let mut answer = json(status, &body);
    let etag = header(ETAG, format!("\"{}\"", executed.version));
    answer.headers.extend([etag]);
    if status == StatusCode::CREATED {
        let location = header(LOCATION, format!("/api/orders/{order_id}"));
        answer.headers.extend([location]);
    }
    answer
}

pub fn json(status: StatusCode, body: &impl Serialize) -> StoredAnswer {
    match serde_json::to_vec(body) {
        Ok(body) => StoredAnswer {
            status: status.as_u16(),
            headers: BTreeMap::from([header(CONTENT_TYPE, "application/json")]),
            body,
        },
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            refusal(&Problem::internal())
        }
    }
}

/// A problem that stands, however often the command is sent.
pub fn refusal(problem: &Problem) -> StoredAnswer {
    StoredAnswer {
        status: problem.status().as_u16(),
        headers: BTreeMap::from([header(CONTENT_TYPE, Problem::MEDIA_TYPE)]),
        body: problem.json().into_bytes(),
    }
}

fn header(name: HeaderName, value: impl Into<String>) -> (String, String) {
    (name.as_str().to_owned(), value.into())
}

/// Now and again.
pub fn respond(answer: StoredAnswer) -> Response {
    let Ok(status) = StatusCode::from_u16(answer.status) else {
        return Problem::internal().into_response();
    };
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The errors of all commands, and what each means to the caller. Faults of ours are logged here,
/// once.
pub fn problem(order_id: &str, error: ExecuteError<OrderError>) -> Problem {
    match error {
        ExecuteError::Refused(OrderError::NotFound) => not_found(order_id),
        ExecuteError::Refused(error @ OrderError::InvalidTransition { from, to }) => Problem::new(
            ProblemType::InvalidTransition,
            format!("{}.", capitalised(&error.to_string())),
        )
        .with("from", from.as_str().into())
        .with("to", to.as_str().into()),
        ExecuteError::VersionMismatch { current, .. } => Problem::new(
            ProblemType::VersionMismatch,
            format!("The order is at version {current} now."),
        )
        .with("currentVersion", current.into()),
        ExecuteError::Contended { version, .. } => Problem::new(
            ProblemType::Contended,
            "Other commands were faster each time. Nothing was changed; the command can be sent \
             again.",
        )
        .with("currentVersion", version.into())
        .retry_after(1),
        ExecuteError::Store(EventStoreError::OutcomeUnknown(source)) => {
            tracing::warn!(order_id, error = %source, "the outcome of a command is unknown");
            outcome_unknown(order_id)
        }
        ExecuteError::Store(EventStoreError::Overloaded) => Problem::new(
            ProblemType::Overloaded,
            "More commands wait to be written than can be taken on. Nothing was changed; the \
             command can be sent again.",
        )
        .retry_after(1),
        ExecuteError::Store(error) if error.is_transient() => {
            tracing::warn!(order_id, %error, "a command could not be carried out");
            Problem::unavailable("The event store does not answer. Nothing was changed.")
        }
        error @ (ExecuteError::Store(_) | ExecuteError::Refused(OrderError::DamagedStream(_))) => {
            tracing::error!(order_id, %error, "a command failed");
            Problem::internal()
        }
    }
}

/// The event store, or this process, was too slow to say.
pub fn outcome_unknown(order_id: &str) -> Problem {
    Problem::new(
        ProblemType::OutcomeUnknown,
        "It was under way when the time to answer was over. Send it again with the same \
         Idempotency-Key to learn what it came to; if it had none, read the order first.",
    )
    .with("orderId", order_id.into())
    .retry_after(1)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}
