use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use runtime::http::{PathText, Problem};

use super::answer::{by, item_id, json, refused};
use crate::CommandApi;
use crate::body::OptionalJsonObject;

/// `POST /api/dead-letters/{id}/requeue`, with `by` or without a body.
pub async fn requeue(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    OptionalJsonObject(mut fields): OptionalJsonObject,
) -> Result<Response, Problem> {
    let by = by(&mut fields);
    let by = fields.finish(Some(by))?;
    let id = item_id(&id)?;
    let item = api.dead_letters.requeue(id, &by).await.map_err(refused)?;
    tracing::info!(dead_letter = %id, by, "requeued");
    json(StatusCode::ACCEPTED, &item)
}
