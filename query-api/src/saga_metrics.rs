use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::doc;
use domain::saga::track::Milestone;
use runtime::http::{Caller, Parameters, Problem};
use runtime::telemetry::LATENCY_BUCKETS;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Queries;
use crate::answer::json;
use crate::bound::unbound_only;
use crate::live::Live;
use crate::query_error::QueryError;
use crate::saga_figures::{count, durations, ended, reached};
use crate::saga_statistics::SagaFiguresProblems;

/// By the names that Prometheus knows them by.
#[derive(Serialize, ToSchema)]
struct SagaMetrics {
    #[schema(minimum = 0, example = 1000)]
    choreographed_saga_started_total: u64,
    #[schema(minimum = 0, example = 981)]
    choreographed_saga_completed_total: u64,
    #[schema(minimum = 0, example = 4)]
    choreographed_saga_failed_total: u64,
    #[schema(minimum = 0, example = 9)]
    choreographed_saga_compensation_triggered_total: u64,
    choreographed_saga_duration_seconds: Histogram,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SagaDurationHistogram)]
struct Histogram {
    #[schema(minimum = 0, example = 992)]
    count: u64,
    #[schema(minimum = 0, example = 248.5)]
    sum: f64,
    buckets: Vec<Bucket>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SagaDurationBucket)]
struct Bucket {
    /// The upper bound in seconds. What took longer than the last one says counts in `count` only.
    #[schema(minimum = 0, example = 0.25)]
    le: f64,
    /// Those that took so long, or less
    #[schema(minimum = 0, example = 612)]
    count: u64,
}

/// `GET /api/choreographedsaga/metrics`
#[utoipa::path(
    get,
    path = "/api/choreographedsaga/metrics",
    operation_id = "getSagaMetrics",
    tag = "sagas",
    summary = "The figures that Prometheus has of sagas",
    description = "Of all sagas there ever were: Prometheus has them of each process that tracks \
                   sagas, since it started. A saga that ended and was then taken back counts with \
                   the time until it was taken back; Prometheus counts the first end.",
    params(),
    responses(
        (status = 200, description = "The figures", body = SagaMetrics),
        SagaFiguresProblems,
    ),
)]
pub async fn saga_metrics(
    State(queries): State<Queries>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.finish()?;
    unbound_only(&caller)?;
    let query = |live: Arc<Live>| async move {
        let metrics = SagaMetrics {
            choreographed_saga_started_total: reached(&live, Milestone::SagaStarted).await?,
            choreographed_saga_completed_total: reached(&live, Milestone::SagaCompleted).await?,
            choreographed_saga_failed_total: reached(&live, Milestone::SagaFailed).await?,
            choreographed_saga_compensation_triggered_total: reached(
                &live,
                Milestone::SagaCompensationStarted,
            )
            .await?,
            choreographed_saga_duration_seconds: histogram(&live).await?,
        };
        Ok::<_, QueryError>(serde_json::to_string(&metrics)?)
    };
    let (body, live) = queries.sagas.ask(query).await?;
    Ok(live.stamp(json(body)))
}

async fn histogram(live: &Live) -> Result<Histogram, QueryError> {
    let mut buckets = Vec::with_capacity(LATENCY_BUCKETS.len());
    for &le in LATENCY_BUCKETS {
        let millis = (le * 1000.0).floor() as i64;
        let within = doc! { "durationMillis": { "$gte": 0, "$lte": millis } };
        let count = count(live, within).await?;
        buckets.push(Bucket { le, count });
    }
    Ok(Histogram {
        count: count(live, ended()).await?,
        sum: durations(live).await? as f64 / 1000.0,
        buckets,
    })
}
