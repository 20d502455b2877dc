use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use runtime::http::{Parameters, PathText, Problem};

use super::answer::{item_id, json, not_found, unread};
use crate::CommandApi;

/// `GET /api/dead-letters/{id}`: the whole item, with the record that failed.
pub async fn show(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.finish()?;
    let item = api.dead_letters.get(item_id(&id)?).await;
    let item = item.map_err(unread)?;
    json(StatusCode::OK, &item.ok_or_else(|| not_found(&id))?)
}
