use axum::extract::State;
use axum::response::Response;
use domain::checked_text;
use event_store::dead_letters::REASON_MAX_CHARS;
use http::StatusCode;
use runtime::http::{PathText, Problem};

use super::answer::{by, item_id, json, refused};
use crate::CommandApi;
use crate::body::JsonObject;
use crate::fields::text;

/// `POST /api/dead-letters/{id}/discard` with `reason` and, if wanted, `by`.
pub async fn discard(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    JsonObject(mut fields): JsonObject,
) -> Result<Response, Problem> {
    let reason = text(|reason| checked_text(reason, REASON_MAX_CHARS));
    let reason = fields.required("reason", reason);
    let by = by(&mut fields);
    let reason = fields.finish(reason)?;
    let id = item_id(&id)?;
    let item = api.dead_letters.discard(id, &by, &reason).await;
    let item = item.map_err(refused)?;
    tracing::info!(dead_letter = %id, by, reason, "discarded");
    json(StatusCode::ACCEPTED, &item)
}
