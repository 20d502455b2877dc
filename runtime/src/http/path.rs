use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::{Problem, ProblemType};

/// The one text parameter of a route's path.
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => Err(Problem::new(
                ProblemType::MalformedPath,
                "What is percent-encoded in the path is not UTF-8.",
            )),
        }
    }
}
