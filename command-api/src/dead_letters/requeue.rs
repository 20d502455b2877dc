use axum::response::Response;
use runtime::http::{PathText, Problem};

use super::act::{Act, Deed};
use super::answer::{by, item_id};
use super::described::{OwnerParameter, RequeueBody, SummaryAnswer};
use super::owner::At;
use crate::body::{JsonObject, OptionalJsonObject};
use crate::described::{ActProblems, CommandHeaders};
use crate::head::Head;
use crate::idempotency::Fingerprint;

/// `POST /api/dead-letters/{id}/requeue`, with `by` or without a body.
#[utoipa::path(
    post, path = "/api/dead-letters/{id}/requeue", operation_id = "requeueDeadLetter", tag = "dead letters",
    params(("id" = String, Path, description = "The item's", format = Uuid), OwnerParameter, CommandHeaders),
    request_body = RequeueBody,
    responses(
        (status = 202, description = "Its owner tries again", body = SummaryAnswer, links(
            ("show" = (operation_id = "showDeadLetter", parameters(("id" = "$response.body#/id")))),
            ("discard" = (operation_id = "discardDeadLetter", parameters(("id" = "$response.body#/id")))),
        )),
        ActProblems,
    ),
)]
pub async fn requeue(
    PathText(id): PathText,
    At(api): At,
    head: Head,
    OptionalJsonObject(JsonObject { mut fields, body }): OptionalJsonObject,
) -> Result<Response, Problem> {
    let by = by(&mut fields, &head.caller);
    let by = fields.finish(Some(by))?;
    let id = item_id(&id)?;
    api.act(&Act {
        head,
        by,
        deed: Deed::Requeue(id),
        fingerprint: Fingerprint::of(&format!("/api/dead-letters/{id}/requeue"), &body),
    })
    .await
}
