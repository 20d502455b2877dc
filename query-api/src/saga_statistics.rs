use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::saga::track::SagaStatus;
use read_models::SagaDocument;
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, Problem, ProblemType};
use serde::Serialize;
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoResponses, ToSchema};

use crate::Queries;
use crate::answer::json;
use crate::bound::unbound_only;
use crate::live::Live;
use crate::query_error::QueryError;
use crate::saga_answer::stuck_since;
use crate::saga_figures::{compensations, count, ended, percentile, with_status};

/// Customers give reasons of their own: there are more than anybody reads.
const MOST_REASONS: i32 = 20;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SagaStatistics {
    #[schema(minimum = 0, example = 1000)]
    total: u64,
    by_status: SagasByStatus,
    /// Of those that have not ended
    #[schema(minimum = 0, example = 0)]
    stuck: u64,
    /// Of those that have ended; null where none has
    #[schema(required = true, minimum = 0, maximum = 1, example = 0.98)]
    success_rate: Option<f64>,
    /// In seconds, of those that have ended; null where none has
    #[schema(required = true)]
    duration_seconds: Option<Durations>,
    /// By why, the most frequent first, at most 20
    compensations: Vec<Compensations>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct SagasByStatus {
    #[schema(minimum = 0, example = 1)]
    started: u64,
    #[schema(minimum = 0, example = 7)]
    in_progress: u64,
    #[schema(minimum = 0, example = 0)]
    compensating: u64,
    #[schema(minimum = 0, example = 980)]
    completed: u64,
    #[schema(minimum = 0, example = 8)]
    compensated: u64,
    #[schema(minimum = 0, example = 4)]
    failed: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SagaDurations)]
struct Durations {
    #[schema(minimum = 0, example = 0.21)]
    p50: f64,
    #[schema(minimum = 0, example = 0.48)]
    p90: f64,
    #[schema(minimum = 0, example = 0.73)]
    p95: f64,
    #[schema(minimum = 0, example = 1.2)]
    p99: f64,
    #[schema(minimum = 0, example = 2.4)]
    max: f64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SagaCompensations)]
struct Compensations {
    /// Null where the event that says so has lost its content
    #[schema(required = true, example = "card declined")]
    reason: Option<String>,
    #[schema(minimum = 1, example = 8)]
    count: u64,
}

/// `GET /api/choreographedsaga/statistics`. The figures are of one moment only where nothing moves.
#[utoipa::path(
    get,
    path = "/api/choreographedsaga/statistics",
    operation_id = "getSagaStatistics",
    tag = "sagas",
    summary = "All sagas in figures",
    description = "How many there are of each status, how many came to the end they were meant \
                   to, how long they took, and why others were compensated.",
    params(),
    responses(
        (status = 200, description = "The figures", body = SagaStatistics),
        SagaFiguresProblems,
    ),
)]
pub async fn saga_statistics(
    State(queries): State<Queries>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.finish()?;
    unbound_only(&caller)?;
    let stuck_after = queries.stuck_after;
    let query = |live: Arc<Live>| async move {
        let since = stuck_since(live.now(), stuck_after);
        let of = |status: SagaStatus| count(&live, with_status(status.as_str()));
        let by_status = SagasByStatus {
            started: of(SagaStatus::Started).await?,
            in_progress: of(SagaStatus::InProgress).await?,
            compensating: of(SagaStatus::Compensating).await?,
            completed: of(SagaStatus::Completed).await?,
            compensated: of(SagaStatus::Compensated).await?,
            failed: of(SagaStatus::Failed).await?,
        };
        let over = by_status.completed + by_status.compensated + by_status.failed;
        let open = by_status.started + by_status.in_progress + by_status.compensating;
        let reasons = compensations(&live, MOST_REASONS).await?;
        let statistics = SagaStatistics {
            total: over + open,
            stuck: count(&live, SagaDocument::stuck(since)).await?,
            success_rate: (over > 0).then(|| by_status.completed as f64 / over as f64),
            duration_seconds: durations(&live).await?,
            compensations: reasons
                .into_iter()
                .map(|(reason, count)| Compensations { reason, count })
                .collect(),
            by_status,
        };
        Ok::<_, QueryError>(serde_json::to_string(&statistics)?)
    };
    let (body, live) = queries.sagas.ask(query).await?;
    Ok(live.stamp(json(body)))
}

pub struct SagaFiguresProblems;

impl IntoResponses for SagaFiguresProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::ForbiddenCustomer,
        ])
    }
}

async fn durations(live: &Live) -> Result<Option<Durations>, QueryError> {
    let ended = count(live, ended()).await?;
    let mut seconds = [0.0; 5];
    for (place, percent) in [50, 90, 95, 99, 100].into_iter().enumerate() {
        match percentile(live, ended, percent).await? {
            Some(millis) => seconds[place] = millis as f64 / 1000.0,
            None => return Ok(None),
        }
    }
    let [p50, p90, p95, p99, max] = seconds;
    Ok(Some(Durations {
        p50,
        p90,
        p95,
        p99,
        max,
    }))
}
