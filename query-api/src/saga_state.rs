use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::Document;
use read_models::SagaDocument;
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, PathText, Problem, ProblemType};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses};

use crate::answer::json;
use crate::entry::order_id;
use crate::live::Live;
use crate::query_error::QueryError;
use crate::saga_answer::{SagaAnswer, stuck_since};
use crate::{Queries, parameters};

/// `GET /api/choreographedsaga/state/{id}`
#[utoipa::path(
    get,
    path = "/api/choreographedsaga/state/{id}",
    operation_id = "getSagaState",
    tag = "sagas",
    summary = "How an order's saga went",
    description = "As who only watches has put it together from what its participants tell.",
    params(SagaStateParameters),
    responses(
        (status = 200, description = "The saga", body = SagaAnswer),
        SagaStateProblems,
    ),
)]
pub async fn saga_state(
    State(queries): State<Queries>,
    caller: Caller,
    PathText(id): PathText,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.finish()?;
    let id = order_id(id);
    let query = |live: Arc<Live>| {
        let mut this: Document = SagaDocument::known();
        this.insert("_id", &id);
        async move {
            let sagas = live.documents::<SagaDocument>();
            let found = sagas.find_one(this).await?;
            let since = stuck_since(live.now(), queries.stuck_after);
            Ok::<_, QueryError>(found.map(|saga| (saga, since)))
        }
    };
    let (found, live) = queries.sagas.ask(query).await?;
    // An order of another customer is none.
    let may_see = |saga: &SagaDocument| match &saga.initiator_id {
        Some(customer) => caller.may_touch(customer.as_str()),
        None => caller.customer_id.is_none(),
    };
    let found = found.filter(|(saga, _)| may_see(saga));
    let answer = found
        .ok_or_else(|| not_found(&id))
        .and_then(|(saga, since)| {
            let body = serde_json::to_string(&SagaAnswer::of(saga, since));
            Ok(json(body.map_err(QueryError::from)?))
        });
    Ok(live.stamp(answer))
}

struct SagaStateParameters;

impl IntoParams for SagaStateParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let example = "0192f0c1-2b3c-7d4e-8f50-6172839405a6";
        vec![parameters::id("The saga's, which is the order's", example)]
    }
}

struct SagaStateProblems;

impl IntoResponses for SagaStateProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::SagaNotFound,
        ])
    }
}

fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        ProblemType::SagaNotFound,
        format!("Nothing was seen of a saga of the order {shown:?}."),
    )
}
