use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::order::{OrderEventType, OrderStatus};
use domain::{CancelReason, PaymentId};
use http::{HeaderMap, StatusCode};
use read_models::{HeldBack, OrderDocument, OrderEntry, TransitionDocument};
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, PathText, Problem, ProblemType};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::{json, shown};
use crate::entry::{held_back, not_found, order_id};
use crate::etag::Tag;
use crate::live::Live;
use crate::query_error::QueryError;
use crate::schemas::{EventType, HeldBackBody, Status};
use crate::{Queries, parameters};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct History {
    #[schema(example = "0192f0c1-2b3c-7d4e-8f50-6172839405a6")]
    order_id: String,
    #[schema(minimum = 1, example = 2)]
    version: i64,
    /// In order: one entry a version.
    history: Vec<Transition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<HeldBackBody>, nullable = false)]
    held_back: Option<HeldBack>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Transition {
    #[schema(minimum = 1, example = 2)]
    version: i64,
    #[schema(example = "a3f0c0de-1f6b-5a39-9d0f-0c6f5f7b2c11")]
    event_id: String,
    #[schema(value_type = EventType)]
    event_type: OrderEventType,
    #[schema(format = DateTime, example = "2026-11-21T10:05:00.456000Z")]
    at: String,
    #[schema(example = "checkout-7781")]
    correlation_id: String,
    /// Absent for the first event
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Status>, nullable = false)]
    status_before: Option<OrderStatus>,
    #[schema(value_type = Status)]
    status: OrderStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "payment-1")]
    payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "changed my mind")]
    cancel_reason: Option<CancelReason>,
}

/// `GET /api/orders/{id}/history`: how the order came to be what it is.
#[utoipa::path(
    get,
    path = "/api/orders/{id}/history",
    operation_id = "getOrderHistory",
    tag = "orders",
    summary = "How an order came to be what it is",
    description = "What each of its events has set.",
    params(GetHistoryParameters),
    responses(
        (
            status = 200,
            description = "One entry a version, in order",
            body = History,
            headers(
                ("ETag" = String, description = "The version, in quotes"),
            ),
        ),
        (
            status = 304,
            description = "The caller has this version already",
            headers(
                ("ETag" = String, description = "The version, in quotes"),
            ),
        ),
        GetHistoryProblems,
    ),
)]
pub async fn get_history(
    State(queries): State<Queries>,
    caller: Caller,
    PathText(id): PathText,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters.finish()?;
    let id = order_id(id);
    let (entry, live) = queries.entry(&id, &caller).await?;
    Ok(live.stamp(match entry {
        None => Err(not_found(&id)),
        Some(OrderEntry::Stub(stub)) => Err(held_back(&id, &stub.held_back)),
        Some(OrderEntry::Order(order)) => show(*order, &live, &headers),
    }))
}

struct GetHistoryParameters;

impl IntoParams for GetHistoryParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::id("The order's", "0192f0c1-2b3c-7d4e-8f50-6172839405a6"),
            parameters::if_none_match(),
        ]
    }
}

struct GetHistoryProblems;

impl IntoResponses for GetHistoryProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::OrderNotFound,
            ProblemType::HeldBack,
            ProblemType::NotProjected,
        ])
    }
}

fn show(order: OrderDocument, live: &Live, headers: &HeaderMap) -> Result<Response, Problem> {
    live.must_be_of_schema(OrderDocument::WITH_TIMELINE)?;
    let tag = Tag::of(&order);
    if tag.is_known(headers) {
        return Ok(tag.mark(StatusCode::NOT_MODIFIED.into_response()));
    }
    let history = History {
        order_id: order.order_id,
        version: order.version,
        history: order.timeline.into_iter().map(Transition::from).collect(),
        held_back: order.held_back,
    };
    let body = serde_json::to_string(&history).map_err(QueryError::from)?;
    Ok(tag.mark(json(body)))
}

impl From<TransitionDocument> for Transition {
    fn from(transition: TransitionDocument) -> Self {
        let changed = transition.changed;
        Self {
            version: transition.version,
            event_id: transition.event_id,
            event_type: transition.event_type,
            at: shown(transition.at),
            correlation_id: transition.correlation_id,
            status_before: changed.status_before,
            status: changed.status,
            payment_id: changed.payment_id,
            cancel_reason: changed.cancel_reason,
        }
    }
}
