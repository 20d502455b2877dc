use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::doc;
use domain::contract::money_number;
use domain::{Currency, CustomerId, Money};
use read_models::{CustomerSummaryDocument, OrderDocument, OrdersByStatus};
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, PathText, Problem, ProblemType};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::{json, shown};
use crate::bound::forbidden;
use crate::live::Live;
use crate::query_error::QueryError;
use crate::schemas::{self, OrdersByStatusBody};
use crate::{Queries, parameters};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[schema(value_type = String, example = "customer-123")]
    customer_id: CustomerId,
    #[schema(value_type = OrdersByStatusBody)]
    orders: OrdersByStatus,
    /// Confirmed orders only.
    spent: Vec<Amount>,
    #[schema(required = true, format = DateTime, example = "2026-11-21T10:00:00.123000Z")]
    first_order_at: Option<String>,
    #[schema(required = true, format = DateTime, example = "2026-11-21T10:00:00.123000Z")]
    last_order_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Spent)]
struct Amount {
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Currency,
    #[serde(with = "money_number")]
    #[schema(value_type = schemas::Amount)]
    amount: Money,
}

/// `GET /api/customers/{id}/summary`
#[utoipa::path(
    get,
    path = "/api/customers/{id}/summary",
    operation_id = "getCustomerSummary",
    tag = "totals",
    summary = "All orders of a customer, summed up",
    description = "By status, and what the confirmed ones cost in each currency.",
    params(CustomerSummaryParameters),
    responses(
        (status = 200, description = "The sums", body = Summary),
        CustomerSummaryProblems,
    ),
)]
pub async fn customer_summary(
    State(queries): State<Queries>,
    caller: Caller,
    PathText(id): PathText,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.finish()?;
    if !caller.may_touch(&id) {
        return Err(forbidden());
    }
    let query = |live: Arc<Live>| {
        let this = doc! { "_id": &id };
        async move {
            let name = CustomerSummaryDocument::collection(&live.generation);
            let summaries = live.collection::<CustomerSummaryDocument>(&name);
            Ok(summaries.find_one(this).await?)
        }
    };
    let (found, live) = queries.orders.ask(query).await?;
    Ok(live.stamp(show(&id, found, &live)))
}

struct CustomerSummaryParameters;

impl IntoParams for CustomerSummaryParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameters::id("The customer's", "customer-123")]
    }
}

struct CustomerSummaryProblems;

impl IntoResponses for CustomerSummaryProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::ForbiddenCustomer,
            ProblemType::CustomerNotFound,
            ProblemType::NotProjected,
        ])
    }
}

fn show(
    id: &str,
    found: Option<CustomerSummaryDocument>,
    live: &Live,
) -> Result<Response, Problem> {
    live.must_be_of_schema(OrderDocument::WITH_TOTALS)?;
    let summary = Summary::from(found.ok_or_else(|| not_found(id))?);
    Ok(json(
        serde_json::to_string(&summary).map_err(QueryError::from)?,
    ))
}

impl From<CustomerSummaryDocument> for Summary {
    fn from(summary: CustomerSummaryDocument) -> Self {
        let spent = summary.spent.into_iter();
        Self {
            customer_id: summary.customer_id,
            orders: summary.orders,
            spent: spent
                .map(|spent| Amount {
                    currency: spent.currency,
                    amount: spent.amount,
                })
                .collect(),
            first_order_at: summary.first_order_at.map(shown),
            last_order_at: summary.last_order_at.map(shown),
        }
    }
}

fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        ProblemType::CustomerNotFound,
        format!("The read model has no order of the customer {shown:?}."),
    )
}
