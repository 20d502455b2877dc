use axum::response::Response;
use event_store::EventStoreError;
use event_store::dead_letters::{DeadLetters, Filter};
use runtime::http::Problem;
use serde::Serialize;

use super::act::{Act, Deed};
use super::answer::by;
use super::described::{OwnerParameter, RequeueAllBody, RequeuedAllAnswer};
use super::filter;
use super::owner::At;
use crate::body::JsonObject;
use crate::described::{ActProblems, CommandHeaders};
use crate::head::Head;
use crate::idempotency::Fingerprint;

const PAGE: u32 = 200;
/// Of one request: a thousand items.
const MOST_PAGES: usize = 5;

#[derive(Serialize)]
pub struct RequeuedAll {
    pub requeued: u64,
    /// Open items that are meant too, for the next request.
    pub left: u64,
}

/// `POST /api/dead-letters/requeue` with the filters of the list and `by`: up to a thousand open
/// items, the newest first. To be repeated while `requeued` is not 0 and items are left.
#[utoipa::path(
    post, path = "/api/dead-letters/requeue", operation_id = "requeueDeadLetters", tag = "dead letters",
    params(OwnerParameter, CommandHeaders),
    request_body = RequeueAllBody,
    responses((status = 202, description = "Their owners try again", body = RequeuedAllAnswer), ActProblems),
)]
pub async fn requeue_all(
    At(api): At,
    head: Head,
    JsonObject { mut fields, body }: JsonObject,
) -> Result<Response, Problem> {
    let filter = filter::of_body(&mut fields);
    let by = by(&mut fields, &head.caller);
    let (filter, by) = fields.finish(Some((filter, by)))?;
    api.act(&Act {
        head,
        by,
        deed: Deed::RequeueAll(filter),
        fingerprint: Fingerprint::of("/api/dead-letters/requeue", &body),
    })
    .await
}

/// What was requeued before a fault stays so, and asking again does no harm.
pub async fn requeue_pages(
    letters: &DeadLetters,
    filter: &Filter,
    by: &str,
) -> Result<RequeuedAll, EventStoreError> {
    let (mut requeued, mut after) = (0, None);
    for _ in 0..MOST_PAGES {
        let page = letters.requeue_page(filter, after, PAGE, by).await?;
        requeued += page.requeued;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let left = letters.count_open(filter).await?;
    Ok(RequeuedAll { requeued, left })
}
