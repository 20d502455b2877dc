use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use read_models::{OrderDocument, OrderEntry};
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, ParameterFault, Parameters, PathText, Problem, ProblemType};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses};

use crate::answer::{OrderAnswer, json};
use crate::entry::{held_back, not_found, order_id};
use crate::etag::Tag;
use crate::prefer::{PREFERENCE_APPLIED, Wait};
use crate::query_error::QueryError;
use crate::{Queries, parameters};

/// `GET /api/orders/{id}?minVersion=`. The `ETag` is the version the read model has; one that is
/// lower than the version asked for is no answer, and may be waited for.
#[utoipa::path(
    get,
    path = "/api/orders/{id}",
    operation_id = "getOrder",
    tag = "orders",
    summary = "An order",
    description = "The ETag is the version the read model has. With minVersion, a lower one \
                   is no answer, and may be waited for.",
    params(GetOrderParameters),
    responses(
        (
            status = 200,
            description = "The order",
            body = OrderAnswer,
            headers(
                ("ETag" = String, description = "The version, in quotes"),
                ("Preference-Applied" = String, description = "The wait granted, such as wait=2"),
            ),
        ),
        (
            status = 304,
            description = "The caller has this version already",
            headers(
                ("ETag" = String, description = "The version, in quotes"),
                ("Preference-Applied" = String, description = "The wait granted, such as wait=2"),
            ),
        ),
        GetOrderProblems,
    ),
)]
pub async fn get_order(
    State(queries): State<Queries>,
    caller: Caller,
    PathText(id): PathText,
    mut parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = order_id(id);
    let min_version = parameters.one("minVersion", version);
    parameters.finish()?;
    // Without a version there is nothing to wait for.
    let wait = min_version.and(Wait::of(&headers));
    let (mut entry, mut live) = queries.entry(&id, &caller).await?;
    if let (Some(min), Some(wait)) = (min_version, &wait)
        && is_worth_waiting(entry.as_ref(), min)
    {
        let waiting = queries.waiters.wait(&id, min, &caller, wait.at_most());
        tokio::select! {
            waited = waiting => waited.map_err(|_| crowded())?,
            () = queries.stop.cancelled() => {}
        }
        (entry, live) = queries.entry(&id, &caller).await?;
    }
    let mut answer = live.stamp(show(&id, entry, min_version, &headers));
    if let Some(applied) = wait.and_then(|wait| wait.applied()) {
        answer.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(answer)
}

struct GetOrderParameters;

impl IntoParams for GetOrderParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::id("The order's", "0192f0c1-2b3c-7d4e-8f50-6172839405a6"),
            parameters::query(
                "minVersion",
                "A version the order must have: what a command answered",
                parameters::whole(1, i64::MAX as usize),
            )
            .build(),
            parameters::header(
                "Prefer",
                "With minVersion: seconds to wait for it, up to 30 (RFC 7240)",
                parameters::text(),
            )
            .example(Some("wait=2".into()))
            .build(),
            parameters::if_none_match(),
        ]
    }
}

struct GetOrderProblems;

impl IntoResponses for GetOrderProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::OrderNotFound,
            ProblemType::HeldBack,
            ProblemType::VersionNotReached,
            ProblemType::TooManyWaiting,
        ])
    }
}

fn is_worth_waiting(entry: Option<&OrderEntry>, min: i64) -> bool {
    match entry {
        None => true,
        Some(OrderEntry::Stub(_)) => false,
        Some(OrderEntry::Order(order)) => order.version < min && order.held_back.is_none(),
    }
}

fn show(
    id: &str,
    entry: Option<OrderEntry>,
    min_version: Option<i64>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let min = min_version.unwrap_or(0);
    match entry {
        None if min > 0 => Err(not_reached(id, 0, min)),
        None => Err(not_found(id)),
        Some(OrderEntry::Stub(stub)) => Err(held_back(id, &stub.held_back)),
        Some(OrderEntry::Order(order)) => match (&order.held_back, order.version) {
            (_, version) if version >= min => whole(*order, headers),
            (Some(held), version) => Err(held_back(id, held).with("version", version.into())),
            (None, version) => Err(not_reached(id, version, min)),
        },
    }
}

fn whole(order: OrderDocument, headers: &HeaderMap) -> Result<Response, Problem> {
    let tag = Tag::of(&order);
    if tag.is_known(headers) {
        return Ok(tag.mark(StatusCode::NOT_MODIFIED.into_response()));
    }
    let body = serde_json::to_string(&OrderAnswer::from(order)).map_err(QueryError::from)?;
    Ok(tag.mark(json(body)))
}

fn version(text: &str) -> Result<i64, ParameterFault> {
    let version = text.parse().ok().filter(|version| *version > 0);
    version.ok_or_else(|| ParameterFault {
        kind: ProblemType::InvalidVersion,
        detail: "is no version: a whole number from 1".to_owned(),
    })
}

/// The members say how far the read model is: 0 where it has nothing of the order.
fn not_reached(id: &str, version: i64, min: i64) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        ProblemType::VersionNotReached,
        format!("The read model has version {version} of the order {shown:?}, not yet {min}."),
    )
    .with("version", version.into())
    .with("minVersion", min.into())
    .retry_after(1)
}

fn crowded() -> Problem {
    Problem::new(
        ProblemType::TooManyWaiting,
        "Ask again without Prefer: wait, or later.",
    )
    .retry_after(1)
}
