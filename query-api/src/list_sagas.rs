use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::{DateTime, Document, doc};
use domain::saga::track::SagaStatus;
use read_models::SagaDocument;
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, ParameterFault, Parameters, Problem, ProblemType};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::answer::json;
use crate::cursor::Paging;
use crate::keyset::{Keyset, Kind};
use crate::list_orders::{insert_range, instant};
use crate::live::Live;
use crate::page::{Page, PageQuery};
use crate::query_error::QueryError;
use crate::saga_answer::{SagaAnswer, stuck_since};
use crate::{Queries, parameters};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

static NEWEST_FIRST: Keyset = Keyset {
    name: "-startedAt",
    fields: &[("startedAt", Kind::Time), ("_id", Kind::Text)],
    descending: true,
};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SagasPage {
    sagas: Vec<SagaAnswer>,
    /// For the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "WzIsIm1BZ2")]
    next_cursor: Option<String>,
}

/// `GET /api/choreographedsaga/states?status=&from=&to=&stuck=&limit=&cursor=`, the latest first.
/// `from` is the first instant shown and `to` the first that is not, by when a saga began; `status`
/// may stand several times.
#[utoipa::path(
    get,
    path = "/api/choreographedsaga/states",
    operation_id = "listSagas",
    tag = "sagas",
    summary = "Sagas, the latest first",
    description = "Those that all filters let through; without one, all.",
    params(ListSagasParameters),
    responses(
        (status = 200, description = "A page", body = SagasPage),
        ListSagasProblems,
    ),
)]
pub async fn list_sagas(
    State(queries): State<Queries>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (mut query, stuck) = read(parameters, &caller)?;
    let page = |live: Arc<Live>| async move {
        let since = stuck_since(live.now(), queries.stuck_after);
        if let Some(stuck) = stuck {
            let mut all = match query.filter.get_array("$and") {
                Ok(all) => all.clone(),
                Err(_) => Vec::new(),
            };
            all.push(standing(stuck, since).into());
            query.filter.insert("$and", all);
        }
        let Page { found, next_cursor } = query.run(live.documents()).await?;
        let sagas = found.iter().map(|saga| {
            let saga: SagaDocument = bson::deserialize_from_slice(saga.as_bytes())?;
            Ok(SagaAnswer::of(saga, since))
        });
        Ok(serde_json::to_string(&SagasPage {
            sagas: sagas.collect::<Result<_, QueryError>>()?,
            next_cursor,
        })?)
    };
    let (body, live) = queries.sagas.ask(page).await?;
    Ok(live.stamp(json(body)))
}

fn standing(stuck: bool, since: DateTime) -> Document {
    let filter = SagaDocument::stuck(since);
    match stuck {
        true => filter,
        false => doc! { "$nor": [filter] },
    }
}

struct ListSagasParameters;

impl IntoParams for ListSagasParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::query(
                "status",
                "With one of these statuses",
                ArrayBuilder::new()
                    .items(parameters::one_of(SagaStatus::ALL.map(SagaStatus::as_str))),
            )
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
            .build(),
            parameters::query("from", "Begun at this time or later", parameters::instant()).build(),
            parameters::query("to", "Begun before this time", parameters::instant()).build(),
            parameters::query(
                "stuck",
                "Not ended, and nothing has moved for longer than it should; or not so",
                parameters::flag(),
            )
            .build(),
            parameters::limit(DEFAULT_LIMIT, MAX_LIMIT),
            parameters::cursor(),
        ]
    }
}

struct ListSagasProblems;

impl IntoResponses for ListSagasProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[ProblemType::MalformedQuery, ProblemType::ValidationFailed])
    }
}

/// The query, and whether it asks for what is stuck: by when that is so changes all the time, and a
/// cursor must not depend on it.
fn read(mut parameters: Parameters, caller: &Caller) -> Result<(PageQuery, Option<bool>), Problem> {
    let mut filter = SagaDocument::known();
    if let Some(own) = &caller.customer_id {
        filter.insert("initiatorId", own.to_string());
    }
    let mut statuses = parameters.each("status", status);
    // In one order and each once: the same list, whatever words it is asked for in.
    statuses.sort_unstable();
    statuses.dedup();
    if !statuses.is_empty() {
        let names: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
        filter.insert("status", doc! { "$in": names });
    }
    let from = parameters.one("from", instant);
    let to = parameters.one("to", instant);
    insert_range(&mut filter, "startedAt", [("$gte", from), ("$lt", to)]);
    let stuck = parameters.one("stuck", flag);
    let words = doc! { "filter": filter.clone(), "stuck": stuck };
    let paging = Paging::of("sagas", &NEWEST_FIRST, &words)?;
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
    Ok((query, stuck))
}

fn status(text: &str) -> Result<SagaStatus, ParameterFault> {
    SagaStatus::from_name(text).ok_or_else(|| ParameterFault {
        kind: ProblemType::UnknownStatus,
        detail: format!(
            "is none of {}",
            SagaStatus::ALL.map(SagaStatus::as_str).join(", ")
        ),
    })
}

fn flag(text: &str) -> Result<bool, ParameterFault> {
    text.parse().map_err(|_| ParameterFault {
        kind: ProblemType::InvalidFlag,
        detail: "is neither true nor false".to_owned(),
    })
}
