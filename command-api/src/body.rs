use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use runtime::http::{Deadline, Problem, ProblemType};

use crate::fields::Fields;

/// The largest body that is read: 200 items with the longest ASCII texts take a third of it.
pub const MAX_BYTES: usize = 256 * 1024;

/// A JSON body that is one object, whatever its fields.
pub struct JsonObject {
    pub fields: Fields,
    /// As it was sent.
    pub body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(no_json());
        }
        let body = read(request, state).await?;
        let fields = Fields::parse(&body)?;
        Ok(Self { fields, body })
    }
}

/// The same, or no body at all: an object without fields.
pub struct OptionalJsonObject(pub JsonObject);

impl<S: Send + Sync> FromRequest<S> for OptionalJsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let body = read(request, state).await?;
        let fields = match body.as_ref() {
            b"" => Fields::default(),
            _ if !is_json => return Err(no_json()),
            bytes => Fields::parse(bytes)?,
        };
        Ok(Self(JsonObject { fields, body }))
    }
}

/// A caller that stops sending would hold its connection for ever.
async fn read<S: Send + Sync>(mut request: Request, state: &S) -> Result<Bytes, Problem> {
    let Ok(deadline) = request.extract_parts::<Deadline>().await;
    let body = deadline.keep(Bytes::from_request(request, state)).await;
    body.ok_or_else(too_slow)?.map_err(unread)
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
        ProblemType::UnsupportedMediaType,
        "Send the body with Content-Type: application/json.",
    )
}

fn too_slow() -> Problem {
    Problem::new(
        ProblemType::BodyTooSlow,
        "The time a request may take was over before the body was complete.",
    )
}

fn unread(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            ProblemType::BodyTooLarge,
            format!("A body may have up to {MAX_BYTES} bytes."),
        );
    }
    Problem::new(
        ProblemType::BodyUnreadable,
        "The connection ended, or the transfer was malformed, before the body was complete.",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use futures::StreamExt;
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let start = stream::iter([Ok::<_, std::io::Error>("{")]);
        let body = Body::from_stream(start.chain(stream::pending()));
        let mut request = Request::new(body);
        let soon = Deadline::within(Duration::from_millis(1));
        request.extensions_mut().insert(soon);
        let problem = read(request, &()).await;
        assert_eq!(problem.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
