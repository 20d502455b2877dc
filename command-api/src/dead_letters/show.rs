use axum::response::Response;
use runtime::http::{PathText, Problem};

use super::answer::{item_id, not_found, shown, unread};
use super::described::{DeadLetterAnswer, OwnerParameter};
use super::owner::At;
use crate::described::ItemProblems;

/// `GET /api/dead-letters/{id}`: the whole item, with the record that failed.
#[utoipa::path(
    get, path = "/api/dead-letters/{id}", operation_id = "showDeadLetter", tag = "dead letters",
    params(("id" = String, Path, description = "The item's", format = Uuid), OwnerParameter),
    responses(
        (status = 200, description = "The item", body = DeadLetterAnswer, links(
            ("requeue" = (operation_id = "requeueDeadLetter", parameters(("id" = "$response.body#/id")))),
            ("discard" = (operation_id = "discardDeadLetter", parameters(("id" = "$response.body#/id")))),
        )),
        ItemProblems,
    ),
)]
pub async fn show(PathText(id): PathText, At(api): At) -> Result<Response, Problem> {
    let item = api.dead_letters.get(item_id(&id)?).await;
    let item = item.map_err(unread)?;
    Ok(shown(&item.ok_or_else(|| not_found(&id))?))
}
