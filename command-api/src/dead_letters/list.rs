use axum::extract::State;
use axum::response::Response;
use event_store::dead_letters::Summary;
use runtime::http::{Parameters, Problem, invalid_cursor};
use serde::Serialize;

use super::answer::{shown, unread};
use super::described::{FilterParameters, OwnerParameter, PageAnswer};
use super::{cursor, filter, owner};
use crate::CommandApi;
use crate::described::DeskProblems;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    dead_letters: Vec<Summary>,
    /// For the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /api/dead-letters?of=&source=&reason=&type=&order=&state=&failedBefore=&failedAfter=&limit=&cursor=`,
/// newest first. Without `state` the open and the requeued ones, with `all` every one.
#[utoipa::path(
    get, path = "/api/dead-letters", operation_id = "listDeadLetters", tag = "dead letters",
    params(OwnerParameter, FilterParameters),
    responses(
        (status = 200, description = "A page, newest first", body = PageAnswer, links(
            ("show" = (operation_id = "showDeadLetter", parameters(("id" = "$response.body#/deadLetters/0/id")))),
            ("requeue" = (operation_id = "requeueDeadLetter", parameters(("id" = "$response.body#/deadLetters/0/id")))),
            ("discard" = (operation_id = "discardDeadLetter", parameters(("id" = "$response.body#/deadLetters/0/id")))),
        )),
        DeskProblems,
    ),
)]
pub async fn list(
    State(api): State<CommandApi>,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let of = owner::of(&mut parameters);
    let filter = filter::of_query(&mut parameters);
    let after = parameters.one("cursor", |text| {
        cursor::decode(text).ok_or_else(invalid_cursor)
    });
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT);
    parameters.finish()?;
    let api = api.at(of).await?;
    let found = api.dead_letters.list(&filter, after, limit + 1).await;
    let mut found = found.map_err(unread)?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor::encode(last.position));
    let page = Page {
        dead_letters: found,
        next_cursor,
    };
    Ok(shown(&page))
}
