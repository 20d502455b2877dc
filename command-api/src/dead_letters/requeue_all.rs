use axum::extract::State;
use axum::response::Response;
use event_store::EventStoreError;
use event_store::dead_letters::{DeadLetters, Filter};
use http::StatusCode;
use runtime::http::Problem;
use serde::Serialize;

use super::answer::{by, json, unread};
use super::filter;
use crate::CommandApi;
use crate::body::JsonObject;

const PAGE: u32 = 200;
/// Of one request: a thousand items.
const MOST_PAGES: usize = 5;

#[derive(Serialize)]
struct RequeuedAll {
    requeued: u64,
    /// Open items that are meant too, for the next request.
    left: u64,
}

/// `POST /api/dead-letters/requeue` with the filters of the list and `by`: up to a thousand open
/// items, the newest first. To be repeated while `requeued` is not 0 and items are left.
pub async fn requeue_all(
    State(api): State<CommandApi>,
    JsonObject(mut fields): JsonObject,
) -> Result<Response, Problem> {
    let (filter, by) = (filter::of_body(&mut fields), by(&mut fields));
    let (filter, by) = fields.finish(Some((filter, by)))?;
    let all = requeue_pages(&api.dead_letters, &filter, &by).await;
    // What was requeued before a fault stays so, and asking again does no harm.
    let all = all.map_err(unread)?;
    tracing::info!(requeued = all.requeued, left = all.left, by, "requeued");
    json(StatusCode::ACCEPTED, &all)
}

async fn requeue_pages(
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
