use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::notification::NotificationKind;
use crate::saga::{Does, Participant, Signal};
use crate::{FailureReason, OccurredOn};

use super::ways::moment;
use super::{Sighting, Track};

/// What one participant did, or is doing, about what it has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaStep {
    pub name: &'static str,
    pub participant: Participant,
    pub status: StepStatus,
    /// When what it is about happened.
    pub started: OccurredOn,
    pub ended: Option<OccurredOn>,
    /// Of the event that ended it.
    pub event_id: Option<Uuid>,
    pub error: Option<FailureReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    Started,
    Done,
    Failed,
    /// Nothing to do: the customer left no address.
    Skipped,
}

impl StepStatus {
    pub const ALL: [Self; 4] = [Self::Started, Self::Done, Self::Failed, Self::Skipped];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// The steps that show; what an order only notes of the others does not.
const STEPS: [Does; 10] = [
    Does::ReserveStock,
    Does::RequestPayment,
    Does::SellStock,
    Does::ClosePayment,
    Does::ReleaseStock,
    Does::CancelOrder,
    Does::FailOrder,
    Does::TellConfirmed,
    Does::TellCancelled,
    Does::TellFailed,
];

impl Track {
    pub(super) fn steps(&self) -> Vec<SagaStep> {
        let placed = self.beginning().map(|beginning| {
            let done = (StepStatus::Done, beginning);
            step("place", Participant::Order, beginning.at, Some(done))
        });
        let reactions = STEPS.into_iter().filter_map(|does| self.step(does));
        let mut steps: Vec<SagaStep> = placed
            .into_iter()
            .chain(self.confirming())
            .chain(reactions)
            .collect();
        steps.sort_by_key(|step| (step.started, step.ended.is_none(), step.ended));
        steps
    }

    /// `None` where nobody was to do it, or had to any more.
    fn step(&self, does: Does) -> Option<SagaStep> {
        let asked = self.answered_by(move |row| row == does).next();
        let outcome = self.outcome(does);
        let started = match (asked, outcome) {
            (None, None) => return None,
            (Some(_), None) if self.is_needless(does) => return None,
            (Some(asked), None) => asked.at,
            (None, Some((_, outcome))) => outcome.at,
            // The clock, or the customer, may have been before who else would have asked for it.
            (Some(asked), Some((_, outcome))) => asked.at.min(outcome.at),
        };
        Some(step(does.as_str(), does.by(), started, outcome))
    }

    /// The last word on it. What stops a payment before it was asked for is not its failure.
    fn outcome(&self, does: Does) -> Option<(StepStatus, &Sighting)> {
        let requested = self
            .sightings()
            .any(|sighting| sighting.event_type == "PaymentRequested");
        let of = |status: StepStatus, signal: Signal| Some((status, self.first(signal)?));
        let done = |signal| of(StepStatus::Done, signal);
        let failed = |signal| of(StepStatus::Failed, signal);
        let told = |kind| {
            let told = self.told(kind)?;
            let status = match told.event_type.as_str() {
                "NotificationSkipped" => StepStatus::Skipped,
                _ => StepStatus::Done,
            };
            Some((status, told))
        };
        match does {
            Does::ReserveStock => {
                done(Signal::StockReserved).or(failed(Signal::StockReservationFailed))
            }
            Does::RequestPayment => done(Signal::PaymentCompleted)
                .or(failed(Signal::PaymentFailed))
                .or(failed(Signal::PaymentCancelled).filter(|_| requested)),
            Does::SellStock => self.sold().map(|sold| (StepStatus::Done, sold)),
            Does::ClosePayment => done(Signal::PaymentRefunded).or(done(Signal::PaymentCancelled)),
            Does::ReleaseStock => done(Signal::StockReleased),
            Does::CancelOrder => done(Signal::OrderCancelled),
            Does::FailOrder => done(Signal::OrderFailed),
            Does::TellConfirmed => told(NotificationKind::Confirmed),
            Does::TellCancelled => told(NotificationKind::Cancelled),
            Does::TellFailed => told(NotificationKind::Failed),
            Does::NoteStockReserved
            | Does::NotePaymentPending
            | Does::NotePaymentAuthorized
            | Does::NotePaid
            | Does::NotePaymentFailed
            | Does::NoteRecipient => None,
        }
    }

    /// Something else has made an end of it.
    fn is_needless(&self, does: Does) -> bool {
        let over = self.has(Signal::OrderCancelled) || self.has(Signal::OrderFailed);
        match does {
            Does::ReserveStock | Does::SellStock => self.has(Signal::StockReleased),
            Does::RequestPayment => self.has(Signal::PaymentCancelled),
            Does::ReleaseStock => self.stock_is_back(),
            Does::ClosePayment => self.money_is_back(),
            Does::CancelOrder | Does::FailOrder => over,
            _ => false,
        }
    }

    /// By whichever of stock and payment the order sees last.
    fn confirming(&self) -> Option<SagaStep> {
        let seen = [Signal::StockReserved, Signal::PaymentCompleted];
        let seen: Option<Vec<&Sighting>> = seen.into_iter().map(|s| self.first(s)).collect();
        let last = seen.and_then(|seen| seen.into_iter().max_by_key(|s| moment(s)));
        let confirmed = self.first(Signal::OrderConfirmed);
        let started = match (last, confirmed) {
            (None, None) => return None,
            (Some(_), None) if self.turned().is_some() => return None,
            (Some(last), None) => last.at,
            (None, Some(confirmed)) => confirmed.at,
            (Some(last), Some(confirmed)) => last.at.min(confirmed.at),
        };
        let done = confirmed.map(|confirmed| (StepStatus::Done, confirmed));
        Some(step("confirm", Participant::Order, started, done))
    }
}

fn step(
    name: &'static str,
    participant: Participant,
    started: OccurredOn,
    outcome: Option<(StepStatus, &Sighting)>,
) -> SagaStep {
    let failed = outcome.filter(|(status, _)| *status == StepStatus::Failed);
    SagaStep {
        name,
        participant,
        status: outcome.map_or(StepStatus::Started, |(status, _)| status),
        started,
        ended: outcome.map(|(_, by)| by.at),
        event_id: outcome.map(|(_, by)| by.event_id),
        error: failed.and_then(|(_, by)| by.reason.clone()),
    }
}
