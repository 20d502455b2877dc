use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::doc;
use domain::contract::money_number;
use domain::{Currency, Money};
use futures::TryStreamExt;
use jiff::civil::Date;
use read_models::{OrderDocument, OrdersByStatus, RestaurantDayDocument, RevenueDocument};
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, ParameterFault, Parameters, PathText, Problem, ProblemType};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr, Required};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::json;
use crate::bound::unbound_only;
use crate::live::Live;
use crate::query_error::QueryError;
use crate::schemas::{Amount, OrdersByStatusBody};
use crate::{Queries, parameters};

/// A year, the longest one.
const MAX_DAYS: i32 = 366;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Days {
    #[schema(example = "restaurant-456")]
    restaurant_id: String,
    days: Vec<Day>,
}

#[derive(Serialize, ToSchema)]
struct Day {
    #[schema(format = Date, example = "2026-11-21")]
    day: String,
    #[schema(value_type = OrdersByStatusBody)]
    orders: OrdersByStatus,
    /// Of the confirmed orders.
    revenue: Vec<Revenue>,
}

#[derive(Serialize, ToSchema)]
struct Revenue {
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Currency,
    #[schema(minimum = 0, example = 2)]
    orders: i64,
    #[serde(with = "money_number")]
    #[schema(value_type = Amount)]
    amount: Money,
    #[serde(with = "money_number")]
    #[schema(value_type = Amount)]
    average: Money,
}

/// `GET /api/restaurants/{id}/days?from=&to=`: whole days in UTC, the first and the last included.
/// Days without an order are left out.
#[utoipa::path(
    get,
    path = "/api/restaurants/{id}/days",
    operation_id = "getRestaurantDays",
    tag = "totals",
    summary = "The orders of a restaurant, day by day",
    description = "Whole days in UTC, the first and the last included, at most 366. Days \
                   without an order are left out.",
    params(RestaurantDaysParameters),
    responses(
        (status = 200, description = "The days", body = Days),
        RestaurantDaysProblems,
    ),
)]
pub async fn restaurant_days(
    State(queries): State<Queries>,
    caller: Caller,
    PathText(id): PathText,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (from, to) = read(parameters)?;
    unbound_only(&caller)?;
    let query = |live: Arc<Live>| {
        let between = doc! { "$gte": from.to_string(), "$lte": to.to_string() };
        let filter = doc! { "restaurantId": &id, "day": between };
        async move {
            let name = RestaurantDayDocument::collection(&live.generation);
            let days = live.collection::<RestaurantDayDocument>(&name);
            let found = days.find(filter).sort(doc! { "day": 1 }).await?;
            let days = found.map_ok(Day::from).try_collect().await?;
            Ok::<Vec<Day>, QueryError>(days)
        }
    };
    let (days, live) = queries.orders.ask(query).await?;
    Ok(live.stamp(show(id, days, &live)))
}

struct RestaurantDaysParameters;

impl IntoParams for RestaurantDaysParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::id("The restaurant's", "restaurant-456"),
            parameters::query("from", "The first day", parameters::date())
                .required(Required::True)
                .example(Some("2026-11-01".into()))
                .build(),
            parameters::query("to", "The last day", parameters::date())
                .required(Required::True)
                .example(Some("2026-11-30".into()))
                .build(),
        ]
    }
}

struct RestaurantDaysProblems;

impl IntoResponses for RestaurantDaysProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::ForbiddenCustomer,
            ProblemType::NotProjected,
        ])
    }
}

fn show(restaurant_id: String, days: Vec<Day>, live: &Live) -> Result<Response, Problem> {
    live.must_be_of_schema(OrderDocument::WITH_TOTALS)?;
    let days = Days {
        restaurant_id,
        days,
    };
    Ok(json(
        serde_json::to_string(&days).map_err(QueryError::from)?,
    ))
}

fn read(mut parameters: Parameters) -> Result<(Date, Date), Problem> {
    let from = parameters.required("from", date);
    let to = parameters.required("to", |text| {
        let to = date(text)?;
        match from {
            Some(from) if days(from, to) > MAX_DAYS => Err(ParameterFault {
                kind: ProblemType::RangeTooLong,
                detail: format!("is more than {MAX_DAYS} days after from"),
            }),
            _ => Ok(to),
        }
    });
    parameters.finish()?;
    from.zip(to).ok_or_else(Problem::internal)
}

/// From the first day to the last one, both counted.
fn days(from: Date, to: Date) -> i32 {
    to.duration_since(from).as_hours() as i32 / 24 + 1
}

/// Four digits of a year, as the days of the read model are written: they sort like the days.
fn date(text: &str) -> Result<Date, ParameterFault> {
    let fault = || ParameterFault {
        kind: ProblemType::InvalidDate,
        detail: "is no date such as 2026-11-21".to_owned(),
    };
    let date: Date = text.parse().map_err(|_| fault())?;
    // What the parser takes beyond that form, times and all, is no date here.
    Some(date)
        .filter(|date| date.to_string() == text)
        .ok_or_else(fault)
}

impl From<RestaurantDayDocument> for Day {
    fn from(day: RestaurantDayDocument) -> Self {
        Self {
            day: day.day,
            orders: day.orders,
            revenue: day.revenue.into_iter().map(Revenue::from).collect(),
        }
    }
}

impl From<RevenueDocument> for Revenue {
    fn from(revenue: RevenueDocument) -> Self {
        Self {
            currency: revenue.currency,
            orders: revenue.orders,
            amount: revenue.amount,
            average: revenue.average,
        }
    }
}
