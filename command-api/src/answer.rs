use axum::response::{IntoResponse, Response};
use domain::order::{Order, OrderError, OrderStatus};
use event_store::{EventStoreError, ExecuteError, Executed};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use runtime::http::Problem;
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
pub fn answer(status: StatusCode, order_id: &str, executed: &Executed<Order>) -> Response {
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
    let Ok(json) = serde_json::to_string(&body) else {
        return Problem::internal().into_response();
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", executed.version)) {
        headers.insert(ETAG, etag);
    }
    if status == StatusCode::CREATED
        && let Ok(location) = HeaderValue::try_from(format!("/api/orders/{order_id}"))
    {
        headers.insert(LOCATION, location);
    }
    (status, headers, json).into_response()
}

/// The errors of all commands, and what each means to the caller. Faults of ours are logged here,
/// once.
pub fn problem(order_id: &str, error: ExecuteError<OrderError>) -> Problem {
    match error {
        ExecuteError::Refused(OrderError::NotFound) => not_found(order_id),
        ExecuteError::Refused(error @ OrderError::InvalidTransition { from, to }) => Problem::new(
            StatusCode::CONFLICT,
            "invalid-transition",
            "The order's status does not allow this.",
            format!("{}.", capitalised(&error.to_string())),
        )
        .with("from", from.as_str().into())
        .with("to", to.as_str().into()),
        ExecuteError::VersionMismatch { current, .. } => Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "version-mismatch",
            "The order has moved on.",
            format!("The order is at version {current} now."),
        )
        .with("currentVersion", current.into()),
        ExecuteError::Contended { version, .. } => Problem::new(
            StatusCode::CONFLICT,
            "contended",
            "Too many commands reached this order at once.",
            "Other commands were faster each time. Nothing was changed; the command can be sent again.",
        )
        .with("currentVersion", version.into())
        .retry_after(1),
        ExecuteError::Store(EventStoreError::OutcomeUnknown(source)) => {
            tracing::warn!(order_id, error = %source, "the outcome of a command is unknown");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome-unknown",
                "Whether the command took effect is not known.",
                "The event store stopped answering after it was sent. Read the order before sending the command again.",
            )
            .with("orderId", order_id.into())
            .retry_after(1)
        }
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

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}
