use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use bson::{Bson, DateTime, Document, doc};
use domain::Money;
use domain::order::OrderStatus;
use read_models::{OrderDocument, decimal};
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, ParameterFault, Parameters, Problem, ProblemType};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::{OrderAnswer, json};
use crate::bound::for_customer;
use crate::cursor::Paging;
use crate::keyset::{Keyset, Kind};
use crate::page::{Page, PageQuery};
use crate::query_error::QueryError;
use crate::{Queries, parameters};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// The first is the one that is used unless another is asked for. By what changes nobody can sort:
/// an order could slip past who is paging, or come twice.
static SORTS: [Keyset; 4] = [
    sort("-createdAt", &BY_TIME, true),
    sort("createdAt", &BY_TIME, false),
    sort("-totalAmount", &BY_TOTAL, true),
    sort("totalAmount", &BY_TOTAL, false),
];

const BY_TIME: [(&str, Kind); 2] = [("createdAt", Kind::Time), ("_id", Kind::Text)];
/// Amounts are compared as numbers, whatever their currencies.
const BY_TOTAL: [(&str, Kind); 2] = [("totalAmount", Kind::Amount), ("_id", Kind::Text)];

const fn sort(
    name: &'static str,
    fields: &'static [(&'static str, Kind)],
    descending: bool,
) -> Keyset {
    Keyset {
        name,
        fields,
        descending,
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrdersPage {
    orders: Vec<OrderAnswer>,
    /// For the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "WzIsIm1BZ2")]
    next_cursor: Option<String>,
}

/// `GET /api/orders?customerId=&restaurantId=&status=&from=&to=&minTotal=&maxTotal=&sort=&limit=&cursor=`,
/// newest first. `from` is the first instant shown and `to` the first that is not, by creation
/// time; `minTotal` and `maxTotal` are both shown. `status` may stand several times.
#[utoipa::path(
    get,
    path = "/api/orders",
    operation_id = "listOrders",
    tag = "orders",
    summary = "Orders, newest first",
    description = "Those that all filters let through; without one, all.",
    params(ListOrdersParameters),
    responses(
        (status = 200, description = "A page", body = OrdersPage),
        ListOrdersProblems,
    ),
)]
pub async fn list_orders(
    State(queries): State<Queries>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let query = read(parameters, &caller)?;
    let page = |live: std::sync::Arc<crate::live::Live>| async move {
        let Page { found, next_cursor } = query.run(live.documents()).await?;
        let orders = found.iter().map(|order| {
            let order: OrderDocument = bson::deserialize_from_slice(order.as_bytes())?;
            Ok(OrderAnswer::from(order))
        });
        Ok(serde_json::to_string(&OrdersPage {
            orders: orders.collect::<Result<_, QueryError>>()?,
            next_cursor,
        })?)
    };
    let (body, live) = queries.orders.ask(page).await?;
    Ok(live.stamp(json(body)))
}

struct ListOrdersParameters;

impl IntoParams for ListOrdersParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::query("customerId", "Of this customer", parameters::text()).build(),
            parameters::query(
                "restaurantId",
                "Sent to this restaurant",
                parameters::text(),
            )
            .build(),
            parameters::query(
                "status",
                "With one of these statuses",
                ArrayBuilder::new().items(parameters::one_of(
                    OrderStatus::ALL.map(OrderStatus::as_str),
                )),
            )
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
            .build(),
            parameters::query(
                "from",
                "Created at this time or later",
                parameters::instant(),
            )
            .build(),
            parameters::query("to", "Created before this time", parameters::instant()).build(),
            parameters::query(
                "minTotal",
                "With this total or more, in whatever currency",
                parameters::amount(),
            )
            .example(Some("10.00".into()))
            .build(),
            parameters::query(
                "maxTotal",
                "With this total or less, in whatever currency",
                parameters::amount(),
            )
            .example(Some("99.99".into()))
            .build(),
            parameters::query(
                "sort",
                "What comes first: with a minus the largest",
                parameters::one_of(SORTS.each_ref().map(|sort| sort.name))
                    .default(Some(SORTS[0].name.into())),
            )
            .build(),
            parameters::limit(DEFAULT_LIMIT, MAX_LIMIT),
            parameters::cursor(),
        ]
    }
}

struct ListOrdersProblems;

impl IntoResponses for ListOrdersProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::ForbiddenCustomer,
        ])
    }
}

fn read(mut parameters: Parameters, caller: &Caller) -> Result<PageQuery, Problem> {
    // A stub stands for an order of which nothing can be shown.
    let mut filter = doc! { "version": { "$gt": 0 } };
    let customer_id = parameters.one("customerId", |id| Ok(id.to_owned()));
    let (customer_id, denied) = match for_customer(caller, customer_id) {
        Ok(customer_id) => (customer_id, None),
        Err(problem) => (None, Some(problem)),
    };
    let restaurant_id = parameters.one("restaurantId", |id| Ok(id.to_owned()));
    for (name, id) in [("customerId", customer_id), ("restaurantId", restaurant_id)] {
        if let Some(id) = id {
            filter.insert(name, id);
        }
    }
    let mut statuses = parameters.each("status", status);
    // In one order and each once: the same list, whatever words it is asked for in.
    statuses.sort_by_key(|status| status.as_str());
    statuses.dedup();
    if !statuses.is_empty() {
        let names: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
        filter.insert("status", doc! { "$in": names });
    }
    let from = parameters.one("from", instant);
    let to = parameters.one("to", instant);
    insert_range(&mut filter, "createdAt", [("$gte", from), ("$lt", to)]);
    let min = parameters.one("minTotal", amount);
    let max = parameters.one("maxTotal", amount);
    insert_range(&mut filter, "totalAmount", [("$gte", min), ("$lte", max)]);
    let keyset = parameters.one("sort", by_name).unwrap_or(&SORTS[0]);
    let paging = Paging::of("orders", keyset, &filter)?;
    if let Some(after) = parameters.one("cursor", |cursor| paging.after(cursor)) {
        filter.insert("$and", [after]);
    }
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT);
    parameters.finish()?;
    denied.map_or(Ok(()), Err)?;
    Ok(PageQuery {
        filter,
        keyset,
        paging,
        limit,
    })
}

pub(crate) fn insert_range(filter: &mut Document, field: &str, ends: [(&str, Option<Bson>); 2]) {
    let mut range = Document::new();
    for (end, value) in ends {
        if let Some(value) = value {
            range.insert(end, value);
        }
    }
    if !range.is_empty() {
        filter.insert(field, range);
    }
}

fn by_name(name: &str) -> Result<&'static Keyset, ParameterFault> {
    let known = SORTS.iter().find(|sort| sort.name == name);
    known.ok_or_else(|| ParameterFault {
        kind: ProblemType::UnknownSort,
        detail: format!(
            "is none of {}",
            SORTS.each_ref().map(|sort| sort.name).join(", ")
        ),
    })
}

fn status(text: &str) -> Result<OrderStatus, ParameterFault> {
    OrderStatus::from_name(text).ok_or_else(|| ParameterFault {
        kind: ProblemType::UnknownStatus,
        detail: format!(
            "is none of {}",
            OrderStatus::ALL.map(OrderStatus::as_str).join(", ")
        ),
    })
}

/// In whole milliseconds, rounded up: documents carry no finer times, and a bound inside a
/// millisecond must not let through what lies before it.
pub(crate) fn instant(text: &str) -> Result<Bson, ParameterFault> {
    let at = runtime::http::instant(text)?;
    let millis = at.as_millisecond();
    // Before 1970 both are negative, and cutting has rounded up already.
    let finer = at.subsec_nanosecond() % 1_000_000 > 0;
    Ok(DateTime::from_millis(millis + i64::from(finer)).into())
}

fn amount(text: &str) -> Result<Bson, ParameterFault> {
    let fault = |what: String| ParameterFault {
        kind: ProblemType::InvalidAmount,
        detail: what,
    };
    let amount = Money::from_json_number(text).map_err(|error| fault(error.to_string()))?;
    decimal::from_money(amount)
        .map(Bson::Decimal128)
        .map_err(|error| fault(error.to_string()))
}
