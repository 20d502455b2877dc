use bson::{DateTime, Document, doc};
use domain::saga::Participant;
use domain::saga::track::{Milestone, SagaState, SagaStatus, SagaStep, Sighting, StepStatus};
use domain::{CustomerId, FailureReason, OccurredOn};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use serde::{Deserialize, Serialize};

/// What was seen of an order on the participants' topics, whether it is a saga or not known to be
/// one yet. The rest of a saga's document follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SagaEntry {
    #[serde(rename = "_id")]
    pub saga_id: String,
    /// Raised by every write: guards it.
    pub revision: i64,
    pub seen: Vec<Sighting>,
    /// What was published of it.
    pub told: Vec<Milestone>,
}

/// A saga as queries see it. Times are in milliseconds, as BSON dates are; `seen` has microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SagaDocument {
    /// The order's.
    #[serde(rename = "_id")]
    pub saga_id: String,
    pub revision: i64,
    pub business_process: String,
    pub initiator_id: Option<CustomerId>,
    pub status: SagaStatus,
    pub started_at: DateTime,
    pub completed_at: Option<DateTime>,
    /// From start to end, once it has ended.
    pub duration_millis: Option<i64>,
    pub failed_at: Option<DateTime>,
    pub failure_reason: Option<FailureReason>,
    pub moved_at: DateTime,
    pub steps: Vec<StepDocument>,
    pub seen: Vec<Sighting>,
    pub told: Vec<Milestone>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepDocument {
    pub name: String,
    pub participant: Participant,
    pub status: StepStatus,
    pub started: DateTime,
    pub ended: Option<DateTime>,
    pub event_id: Option<String>,
    pub error: Option<FailureReason>,
}

impl SagaEntry {
    pub const PROJECTION: &str = "saga_tracker";
    pub const SCHEMA_VERSION: u32 = 1;

    pub fn with(self, state: SagaState) -> SagaDocument {
        let duration = state.completed_at.map(|at| {
            let duration = at.timestamp().duration_since(state.started_at.timestamp());
            (duration.as_millis() as i64).max(0)
        });
        SagaDocument {
            saga_id: self.saga_id,
            revision: self.revision,
            business_process: state.business_process,
            initiator_id: state.initiator_id,
            status: state.status,
            started_at: date(state.started_at),
            completed_at: state.completed_at.map(date),
            duration_millis: duration,
            failed_at: state.failed_at.map(date),
            failure_reason: state.failure_reason,
            moved_at: date(state.moved_at),
            steps: state.steps.into_iter().map(StepDocument::from).collect(),
            seen: self.seen,
            told: self.told,
        }
    }
}

impl SagaDocument {
    /// Those that are known to be sagas, as all queries ask.
    pub fn known() -> Document {
        doc! { "startedAt": { "$type": "date" } }
    }

    /// Of those that nothing has moved since.
    pub fn stuck(since: DateTime) -> Document {
        let open = SagaStatus::ALL.into_iter().filter(|s| !s.has_ended());
        let open: Vec<&str> = open.map(SagaStatus::as_str).collect();
        doc! { "status": { "$in": open }, "movedAt": { "$lt": since } }
    }

    pub fn indexes() -> Vec<IndexModel> {
        // Not every order that something was seen of is a saga, or known to be one.
        let sparse = IndexOptions::builder().sparse(true).build();
        let durations = IndexModel::builder()
            .keys(doc! { "durationMillis": 1 })
            .options(sparse)
            .build();
        let others = [
            doc! { "startedAt": -1, "_id": -1 },
            doc! { "status": 1, "startedAt": -1, "_id": -1 },
            doc! { "status": 1, "movedAt": 1 },
            doc! { "initiatorId": 1, "startedAt": -1, "_id": -1 },
            doc! { "told": 1, "failureReason": 1 },
        ];
        let others = others.map(|keys| IndexModel::builder().keys(keys).build());
        std::iter::once(durations).chain(others).collect()
    }
}

impl From<SagaStep> for StepDocument {
    fn from(step: SagaStep) -> Self {
        Self {
            name: step.name.to_owned(),
            participant: step.participant,
            status: step.status,
            started: date(step.started),
            ended: step.ended.map(date),
            event_id: step.event_id.map(|id| id.to_string()),
            error: step.error,
        }
    }
}

fn date(at: OccurredOn) -> DateTime {
    DateTime::from_millis(at.timestamp().as_millisecond())
}
