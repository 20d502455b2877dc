use axum::response::Response;
use runtime::http::Problem;

use super::answer::{shown, unread};
use super::described::{OwnerParameter, StatsAnswer};
use super::owner::At;
use crate::described::DeskProblems;

/// `GET /api/dead-letters/stats`: how many of each source, reason and state, and since when the
/// open one waits that has waited longest.
#[utoipa::path(
    get, path = "/api/dead-letters/stats", operation_id = "countDeadLetters", tag = "dead letters",
    params(OwnerParameter),
    responses((status = 200, description = "The desk at a glance", body = StatsAnswer), DeskProblems),
)]
pub async fn stats(At(api): At) -> Result<Response, Problem> {
    let stats = api.dead_letters.stats().await.map_err(unread)?;
    Ok(shown(&stats))
}
