use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use runtime::http::{Parameters, Problem};

use super::answer::{json, unread};
use crate::CommandApi;

/// `GET /api/dead-letters/stats`: how many of each source, reason and state, and since when the
/// open one waits that has waited longest.
pub async fn stats(
    State(api): State<CommandApi>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.finish()?;
    let stats = api.dead_letters.stats().await.map_err(unread)?;
    json(StatusCode::OK, &stats)
}
