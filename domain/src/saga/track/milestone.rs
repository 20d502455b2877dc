use serde::{Deserialize, Serialize};

use crate::contract::{
    Envelope, Published, PublishedSagaCompensated, PublishedSagaCompensating,
    PublishedSagaCompleted, PublishedSagaFailed, PublishedSagaStarted, SagaContent,
};

use super::{SagaStatus, Sighting, Track};

/// What is told of a saga by who watches it: each once, and again only as the same event.
///
/// A milestone that was reached stays so, but for the ends of what is undone: those are reached
/// anew where money comes late and goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Milestone {
    SagaStarted,
    SagaCompleted,
    SagaFailed,
    SagaCompensationStarted,
    SagaCompensationCompleted,
}

/// Who tells of sagas.
const SAGA: &str = "Saga";

impl Milestone {
    pub const ALL: [Self; 5] = [
        Self::SagaStarted,
        Self::SagaCompleted,
        Self::SagaFailed,
        Self::SagaCompensationStarted,
        Self::SagaCompensationCompleted,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SagaStarted => "SagaStarted",
            Self::SagaCompleted => "SagaCompleted",
            Self::SagaFailed => "SagaFailed",
            Self::SagaCompensationStarted => "SagaCompensationStarted",
            Self::SagaCompensationCompleted => "SagaCompensationCompleted",
        }
    }

    /// The saga's time is up to here.
    pub fn is_an_end(self) -> bool {
        match self {
            Self::SagaCompleted | Self::SagaFailed | Self::SagaCompensationCompleted => true,
            Self::SagaStarted | Self::SagaCompensationStarted => false,
        }
    }

    /// A place of its own for each, so that the event's id depends on nothing that was seen before
    /// it: a saga has no two that share one, and none has all.
    fn version(self) -> u64 {
        match self {
            Self::SagaStarted => 1,
            Self::SagaCompleted | Self::SagaFailed => 2,
            Self::SagaCompensationStarted => 3,
            Self::SagaCompensationCompleted => 4,
        }
    }
}

impl Track {
    /// What has been reached, with the event that reached it. Nothing before it is known that this
    /// is a saga, and when it began.
    pub fn milestones(&self) -> Vec<(Milestone, &Sighting)> {
        let (Some(beginning), Some(_)) = (self.beginning(), self.flow()) else {
            return Vec::new();
        };
        let end = |status| match self.end() == Some(status) {
            true => self.latest(),
            false => None,
        };
        let reached = [
            (Milestone::SagaStarted, Some(beginning)),
            (Milestone::SagaCompleted, self.completed()),
            (Milestone::SagaFailed, end(SagaStatus::Failed)),
            (Milestone::SagaCompensationStarted, self.undoing()),
            (
                Milestone::SagaCompensationCompleted,
                end(SagaStatus::Compensated),
            ),
        ];
        let reached = reached.into_iter();
        reached.filter_map(|(m, by)| Some((m, by?))).collect()
    }

    /// A milestone as it is published; `None` where it is not reached.
    pub fn tell(&self, saga_id: &str, milestone: Milestone) -> Option<Published<SagaContent>> {
        let mut reached = self.milestones().into_iter();
        let (_, by) = reached.find(|(reached, _)| *reached == milestone)?;
        let state = self.state(saga_id)?;
        let (business_process, started_at) = (state.business_process, state.started_at);
        let reason = state.failure_reason;
        let content = match milestone {
            Milestone::SagaStarted => SagaContent::SagaStarted(PublishedSagaStarted {
                business_process,
                initiator_id: state.initiator_id,
            }),
            Milestone::SagaCompleted => SagaContent::SagaCompleted(PublishedSagaCompleted {
                business_process,
                started_at,
            }),
            Milestone::SagaFailed => SagaContent::SagaFailed(PublishedSagaFailed {
                business_process,
                started_at,
                reason,
            }),
            Milestone::SagaCompensationStarted => {
                SagaContent::SagaCompensationStarted(PublishedSagaCompensating {
                    business_process,
                    reason,
                })
            }
            Milestone::SagaCompensationCompleted => {
                SagaContent::SagaCompensationCompleted(PublishedSagaCompensated {
                    business_process,
                    started_at,
                    reason,
                })
            }
        };
        let envelope = Envelope {
            event_id: crate::event_id(SAGA, saga_id, milestone.version()),
            event_type: milestone.as_str().to_owned(),
            aggregate_type: SAGA.to_owned(),
            aggregate_id: saga_id.to_owned(),
            version: milestone.version(),
            schema_version: 1,
            occurred_on: by.at,
            correlation_id: self.beginning().unwrap_or(by).correlation_id.clone(),
            causation_id: by.event_id.to_string(),
        };
        Some(Published { envelope, content })
    }
}
