use bson::DateTime;
use domain::saga::Participant;
use domain::saga::track::{SagaStatus, StepStatus};
use domain::{CustomerId, FailureReason};
use jiff::Timestamp;
use read_models::{SagaDocument, StepDocument};
use serde::Serialize;
use utoipa::ToSchema;

use std::time::Duration;

use crate::answer::shown;
use crate::schemas::{ParticipantBody, SagaStatusBody, StepStatusBody};

/// A saga as this API shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = Saga)]
#[serde(rename_all = "camelCase")]
pub struct SagaAnswer {
    /// The order's
    #[schema(example = "0192f0c1-2b3c-7d4e-8f50-6172839405a6")]
    saga_id: String,
    #[schema(example = "order/stock-first")]
    business_process: String,
    /// The customer
    #[schema(value_type = Option<String>, required = true, example = "customer-123")]
    initiator_id: Option<CustomerId>,
    #[schema(value_type = SagaStatusBody)]
    status: SagaStatus,
    /// It has not ended, and nothing has moved for longer than it should
    stuck: bool,
    #[schema(format = DateTime, example = "2026-11-21T10:00:00.123000Z")]
    started_at: String,
    /// When the last one was done, whichever way it ended
    #[schema(required = true, format = DateTime, example = "2026-11-21T10:00:01.456000Z")]
    completed_at: Option<String>,
    /// When it was first clear that the order is not going to be, or not to stay, confirmed
    #[schema(required = true, format = DateTime, example = "2026-11-21T10:00:01.123000Z")]
    failed_at: Option<String>,
    #[schema(value_type = Option<String>, required = true, example = "card declined")]
    failure_reason: Option<FailureReason>,
    #[schema(format = DateTime, example = "2026-11-21T10:00:01.456000Z")]
    moved_at: String,
    /// In the order in which they began
    steps: Vec<Step>,
}

/// What one participant did about what it saw
#[derive(Serialize, ToSchema)]
#[schema(as = SagaStep)]
#[serde(rename_all = "camelCase")]
struct Step {
    #[schema(example = "reserve")]
    name: String,
    #[schema(value_type = ParticipantBody)]
    participant: Participant,
    #[schema(value_type = StepStatusBody)]
    status: StepStatus,
    #[schema(format = DateTime, example = "2026-11-21T10:00:00.123000Z")]
    started: String,
    #[schema(required = true, format = DateTime, example = "2026-11-21T10:00:00.456000Z")]
    ended: Option<String>,
    /// Of the event that ended it
    #[schema(required = true, example = "a3f0c0de-1f6b-5a39-9d0f-0c6f5f7b2c11")]
    event_id: Option<String>,
    #[schema(value_type = Option<String>, required = true, example = "card declined")]
    error: Option<FailureReason>,
}

/// What stands still since before this is stuck.
pub fn stuck_since(now: Timestamp, after: Duration) -> DateTime {
    let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_millis(now.as_millisecond().saturating_sub(after))
}

impl SagaAnswer {
    pub fn of(saga: SagaDocument, stuck_since: DateTime) -> Self {
        Self {
            saga_id: saga.saga_id,
            business_process: saga.business_process,
            initiator_id: saga.initiator_id,
            status: saga.status,
            stuck: !saga.status.has_ended() && saga.moved_at < stuck_since,
            started_at: shown(saga.started_at),
            completed_at: saga.completed_at.map(shown),
            failed_at: saga.failed_at.map(shown),
            failure_reason: saga.failure_reason,
            moved_at: shown(saga.moved_at),
            steps: saga.steps.into_iter().map(Step::from).collect(),
        }
    }
}

impl From<StepDocument> for Step {
    fn from(step: StepDocument) -> Self {
        Self {
            name: step.name,
            participant: step.participant,
            status: step.status,
            started: shown(step.started),
            ended: step.ended.map(shown),
            event_id: step.event_id,
            error: step.error,
        }
    }
}
