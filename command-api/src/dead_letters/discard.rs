use axum::response::Response;
use domain::checked_text;
use event_store::dead_letters::REASON_MAX_CHARS;
use runtime::http::{PathText, Problem};

use super::act::{Act, Deed};
use super::answer::{by, item_id};
use super::described::{DiscardBody, OwnerParameter, SummaryAnswer};
use super::owner::At;
use crate::body::JsonObject;
use crate::described::{ActProblems, CommandHeaders};
use crate::fields::text;
use crate::head::Head;
use crate::idempotency::Fingerprint;

/// `POST /api/dead-letters/{id}/discard` with `reason` and, if wanted, `by`.
#[utoipa::path(
    post, path = "/api/dead-letters/{id}/discard", operation_id = "discardDeadLetter", tag = "dead letters",
    params(("id" = String, Path, description = "The item's", format = Uuid), OwnerParameter, CommandHeaders),
    request_body = DiscardBody,
    responses((status = 202, description = "It is given up", body = SummaryAnswer), ActProblems),
)]
pub async fn discard(
    PathText(id): PathText,
    At(api): At,
    head: Head,
    JsonObject { mut fields, body }: JsonObject,
) -> Result<Response, Problem> {
    let reason = text(|reason| checked_text(reason, REASON_MAX_CHARS));
    let reason = fields.required("reason", reason);
    let by = by(&mut fields, &head.caller);
    let reason = fields.finish(reason)?;
    let id = item_id(&id)?;
    api.act(&Act {
        head,
        by,
        deed: Deed::Discard(id, reason),
        fingerprint: Fingerprint::of(&format!("/api/dead-letters/{id}/discard"), &body),
    })
    .await
}
