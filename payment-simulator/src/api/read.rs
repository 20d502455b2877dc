use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use domain::checked_text;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The key that a call may be repeated under: 1 to 255 visible ASCII characters.
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let key = parts.headers.get("idempotency-key");
        let key = key.and_then(|key| key.to_str().ok()).unwrap_or_default();
        if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(key.to_owned()));
        }
        let detail = "Send an Idempotency-Key of 1 to 255 visible ASCII characters.";
        Err(Problem::Malformed(detail.to_owned()))
    }
}

/// The id in the path.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) => id_of(id).map(Self),
            Err(_) => Err(Problem::Malformed("The path is not UTF-8.".to_owned())),
        }
    }
}

pub fn id_of(text: String) -> Result<String, Problem> {
    checked_text(text, 128).map_err(|fault| Problem::Malformed(format!("The id {fault}.")))
}

/// A body of JSON.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let malformed = |fault: String| Problem::Malformed(format!("The body: {fault}."));
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|fault| malformed(fault.body_text()))?;
        let body = serde_json::from_slice(&bytes).map_err(|fault| malformed(fault.to_string()))?;
        Ok(Self(body))
    }
}
