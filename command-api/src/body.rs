use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use runtime::http::Problem;

use crate::fields::Fields;

/// The largest body that is read: 200 items with the longest ASCII texts take a third of it.
pub const MAX_BYTES: usize = 256 * 1024;

/// A caller that stops sending would hold its connection for ever.
const COMPLETE_WITHIN: Duration = Duration::from_secs(10);

/// A JSON body that is one object, whatever its fields.
pub struct JsonObject(pub Fields);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(no_json());
        }
        let bytes = read(request, COMPLETE_WITHIN, state).await?;
        Fields::parse(&bytes).map(Self)
    }
}

/// The same, or no body at all: an object without fields.
pub struct OptionalJsonObject(pub Fields);

impl<S: Send + Sync> FromRequest<S> for OptionalJsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = read(request, COMPLETE_WITHIN, state).await?;
        match bytes.as_ref() {
            b"" => Ok(Self(Fields::default())),
            _ if !is_json => Err(no_json()),
            bytes => Fields::parse(bytes).map(Self),
        }
    }
}

async fn read<S: Send + Sync>(
    request: Request,
    within: Duration,
    state: &S,
) -> Result<Bytes, Problem> {
    tokio::time::timeout(within, Bytes::from_request(request, state))
        .await
        .map_err(|_| too_slow())?
        .map_err(unread)
}

/// `application/json` and every `application/…+json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn no_json() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "The body must be JSON.",
        "Send the body with Content-Type: application/json.",
    )
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body-too-slow",
        "The body did not arrive in time.",
        format!("A body must be complete within {COMPLETE_WITHIN:?}."),
    )
}

fn unread(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "The body is too large.",
            format!("A body may have up to {MAX_BYTES} bytes."),
        );
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body-unreadable",
        "The body could not be read.",
        "The connection ended, or the transfer was malformed, before the body was complete.",
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures::StreamExt;
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let start = stream::iter([Ok::<_, std::io::Error>("{")]);
        let body = Body::from_stream(start.chain(stream::pending()));
        let problem = read(Request::new(body), Duration::from_millis(1), &()).await;
        assert_eq!(problem.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
