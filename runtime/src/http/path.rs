use axum::extract::{FromRequestParts, Path};
use http::StatusCode;
use http::request::Parts;

use super::Problem;

/// The one text parameter of a route's path.
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed-path",
                "The path cannot be read.",
                "What is percent-encoded in the path is not UTF-8.",
            )),
        }
    }
}
