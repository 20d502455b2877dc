use crate::{CustomerId, FailureReason, OccurredOn};

use super::{SagaStatus, SagaStep, Track};

/// A saga as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaState {
    /// The order's id.
    pub saga_id: String,
    /// `order/stock-first`
    pub business_process: String,
    /// The customer; `None` where the event that says so has lost its content.
    pub initiator_id: Option<CustomerId>,
    pub status: SagaStatus,
    pub started_at: OccurredOn,
    /// When the last one was done, whichever way it ended.
    pub completed_at: Option<OccurredOn>,
    /// When it was first clear that the order is not going to be, or not to stay, confirmed.
    pub failed_at: Option<OccurredOn>,
    pub failure_reason: Option<FailureReason>,
    /// When somebody did something last. One that stands still for too long is stuck.
    pub moved_at: OccurredOn,
    /// In the order in which they began.
    pub steps: Vec<SagaStep>,
}

impl Track {
    /// `None` before it is known that this is a saga, and when it began.
    pub fn state(&self, saga_id: &str) -> Option<SagaState> {
        let beginning = self.beginning()?;
        let flow = self.flow()?;
        let latest = self.latest()?;
        let turned = self.turned();
        let status = self.status();
        let completed = match status {
            SagaStatus::Completed => self.completed(),
            status => Some(latest).filter(|_| status.has_ended()),
        };
        Some(SagaState {
            saga_id: saga_id.to_owned(),
            business_process: format!("order/{flow}"),
            initiator_id: beginning.customer_id.clone(),
            status,
            started_at: beginning.at,
            completed_at: completed.map(|sighting| sighting.at),
            failed_at: turned.map(|sighting| sighting.at),
            failure_reason: turned.and_then(|sighting| sighting.reason.clone()),
            moved_at: latest.at,
            steps: self.steps(),
        })
    }
}
