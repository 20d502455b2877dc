use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::{RawDocumentBuf, doc};
use read_models::{LoggedBytes, LoggedRecord};
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, Problem, ProblemType};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::{json, shown};
use crate::bound::forbidden;
use crate::cursor::Paging;
use crate::entry::order_id;
use crate::keyset::{Keyset, Kind};
use crate::live::Live;
use crate::page::{Page, PageQuery};
use crate::query_error::QueryError;
use crate::{Queries, parameters};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Newest first; of what happened in the same millisecond, by the place on the topic.
static NEWEST_FIRST: Keyset = Keyset {
    name: "-occurredOn",
    fields: &[
        ("occurredOn", Kind::Time),
        ("partition", Kind::Number),
        ("offset", Kind::Number),
    ],
    descending: true,
};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EventsPage {
    events: Vec<Logged>,
    /// For the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "WzIsIm1BZ2")]
    next_cursor: Option<String>,
}

/// An event as it was published, and where.
#[derive(Serialize, ToSchema)]
#[schema(as = PublishedEvent)]
#[serde(rename_all = "camelCase")]
struct Logged {
    #[schema(required = true, example = "a3f0c0de-1f6b-5a39-9d0f-0c6f5f7b2c11")]
    event_id: Option<String>,
    #[schema(required = true, example = "OrderCreated")]
    event_type: Option<String>,
    #[schema(required = true, example = "0192f0c1-2b3c-7d4e-8f50-6172839405a6")]
    order_id: Option<String>,
    #[schema(required = true, example = 1)]
    version: Option<i64>,
    #[schema(required = true, example = "checkout-7781")]
    correlation_id: Option<String>,
    #[schema(required = true, format = DateTime, example = "2026-11-21T10:00:00.123000Z")]
    occurred_on: Option<String>,
    #[schema(required = true, example = "/orders")]
    source: Option<String>,
    /// Published once more, by a replay.
    replayed: bool,
    #[schema(example = "order-events")]
    topic: String,
    #[schema(minimum = 0, example = 3)]
    partition: i32,
    #[schema(minimum = 0, example = 1712)]
    offset: i64,
    /// The record's value.
    #[schema(value_type = serde_json::Value, required = true)]
    payload: Option<Box<RawValue>>,
}

/// `GET /api/events?correlationId=&orderId=&type=&limit=&cursor=`, newest first: what was published,
/// repeats included. At least one filter must stand. What is on the topic and is no event is not
/// listed.
#[utoipa::path(
    get,
    path = "/api/events",
    operation_id = "listEvents",
    tag = "events",
    summary = "Published events, newest first",
    description = "What was published, repeats included. One at least of correlationId, \
                   orderId and type must stand.",
    params(ListEventsParameters),
    responses(
        (status = 200, description = "A page", body = EventsPage),
        ListEventsProblems,
    ),
)]
pub async fn list_events(
    State(queries): State<Queries>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (query, order_id) = read(parameters)?;
    if caller.customer_id.is_some() {
        let own = match order_id {
            Some(id) => queries.entry(&id, &caller).await?.0,
            None => None,
        };
        own.ok_or_else(forbidden)?;
    }
    let page = |live: Arc<Live>| async move {
        let Page { found, next_cursor } = query.run(live.documents()).await?;
        let events = found.iter().map(shown_event);
        Ok(serde_json::to_string(&EventsPage {
            events: events.collect::<Result<_, QueryError>>()?,
            next_cursor,
        })?)
    };
    let (body, live) = queries.events.ask(page).await?;
    Ok(live.stamp(json(body)))
}

struct ListEventsParameters;

impl IntoParams for ListEventsParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::query(
                "correlationId",
                "Caused by the request with this x-request-id",
                parameters::text(),
            )
            .example(Some("checkout-7781".into()))
            .build(),
            parameters::query("orderId", "Of this order", parameters::text()).build(),
            parameters::query(
                "type",
                "Of this type, such as OrderCreated",
                parameters::text(),
            )
            .build(),
            parameters::limit(DEFAULT_LIMIT, MAX_LIMIT),
            parameters::cursor(),
        ]
    }
}

struct ListEventsProblems;

impl IntoResponses for ListEventsProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::ForbiddenCustomer,
        ])
    }
}

/// The query, and the order it is about.
fn read(mut parameters: Parameters) -> Result<(PageQuery, Option<String>), Problem> {
    let mut filter = doc! {};
    let any = ["correlationId", "orderId", "type"].map(|name| parameters.has(name));
    let text = |text: &str| Ok(text.to_owned());
    let order_id = parameters.one("orderId", |id| Ok(order_id(id.to_owned())));
    let by = [
        ("correlationId", parameters.one("correlationId", text)),
        ("aggregateId", order_id.clone()),
        ("eventType", parameters.one("type", text)),
    ];
    for (field, value) in by {
        if let Some(value) = value {
            filter.insert(field, value);
        }
    }
    if !any.contains(&true) {
        parameters.missing(
            "orderId",
            "is required where neither correlationId nor type is given",
        );
    }
    filter.insert("eventId", doc! { "$type": "string" });
    let paging = Paging::of("events", &NEWEST_FIRST, &filter)?;
    if let Some(after) = parameters.one("cursor", |cursor| paging.after(cursor)) {
        filter.insert("$and", [after]);
    }
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT);
    parameters.finish()?;
    let query = PageQuery {
        filter,
        keyset: &NEWEST_FIRST,
        paging,
        limit,
    };
    Ok((query, order_id))
}

fn shown_event(record: &RawDocumentBuf) -> Result<Logged, QueryError> {
    let record: LoggedRecord = bson::deserialize_from_slice(record.as_bytes())?;
    let payload = match record.payload {
        Some(LoggedBytes::Text(text)) => Some(RawValue::from_string(text)?),
        _ => None,
    };
    Ok(Logged {
        event_id: record.event_id,
        event_type: record.event_type,
        order_id: record.aggregate_id,
        version: record.version,
        correlation_id: record.correlation_id,
        occurred_on: record.occurred_on.map(shown),
        source: record.source,
        replayed: record.replayed,
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        payload,
    })
}
