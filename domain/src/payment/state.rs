use serde::{Deserialize, Serialize};

use crate::inventory::StockTerms;
use crate::saga::SagaFlow;
use crate::{FailureReason, IntentId};

use super::{PaymentEvent, PaymentTerms, Wish};

/// Everything known of a payment. Facts, not a status: the provider's word comes in any order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentState {
    /// `None` where the order was over before anybody asked for the payment.
    pub requested: Option<PaymentTerms>,
    pub saga_flow: SagaFlow,
    pub stock: Option<StockTerms>,
    pub intent_id: Option<IntentId>,
    pub authorized: bool,
    /// The whole amount, once.
    pub captured: bool,
    pub failed: Option<FailureReason>,
    /// Why the order is over.
    pub closed: Option<FailureReason>,
    /// Nothing was taken, and nothing is going to be.
    pub cancelled: bool,
    pub refunded: bool,
}

impl PaymentState {
    /// After an event; its name where it cannot stand here.
    pub(super) fn after(state: Option<Self>, event: &PaymentEvent) -> Result<Self, &'static str> {
        let Some(mut state) = state else {
            return match event {
                PaymentEvent::PaymentRequested(asked) => Ok(Self {
                    requested: Some(asked.payment.clone()),
                    stock: asked.stock.clone(),
                    ..Self::empty(asked.saga_flow)
                }),
                PaymentEvent::PaymentCancelled(cancelled) => Ok(Self {
                    closed: Some(cancelled.reason.clone()),
                    cancelled: true,
                    ..Self::empty(cancelled.saga_flow)
                }),
                _ => Err(event.name()),
            };
        };
        let fits = match event {
            PaymentEvent::PaymentRequested(_) => false,
            PaymentEvent::PaymentCompleted(_) => state.requested.is_some() && !state.captured,
            PaymentEvent::PaymentCancelled(_) => !state.captured && !state.cancelled,
            PaymentEvent::PaymentRefunded(_) => state.captured && !state.refunded,
            _ => state.requested.is_some(),
        };
        if !fits {
            return Err(event.name());
        }
        match event {
            PaymentEvent::PaymentRequested(_) => {}
            PaymentEvent::PaymentPending(event) => state.intent_id = Some(event.intent_id.clone()),
            PaymentEvent::PaymentAuthorized(event) => {
                state.intent_id = Some(event.intent_id.clone());
                state.authorized = true;
            }
            PaymentEvent::PaymentCompleted(event) => {
                state.intent_id = Some(event.intent_id.clone());
                state.captured = true;
            }
            PaymentEvent::PaymentFailed(event) => state.failed = Some(event.reason.clone()),
            PaymentEvent::PaymentCancellationRequested(event) => {
                state.closed = Some(event.reason.clone());
            }
            PaymentEvent::PaymentCancelled(_) => state.cancelled = true,
            PaymentEvent::PaymentRefunded(_) => state.refunded = true,
        }
        Ok(state)
    }

    fn empty(saga_flow: SagaFlow) -> Self {
        Self {
            requested: None,
            saga_flow,
            stock: None,
            intent_id: None,
            authorized: false,
            captured: false,
            failed: None,
            closed: None,
            cancelled: false,
            refunded: false,
        }
    }

    /// Why no money is wanted, if none is.
    pub(super) fn unwanted(&self) -> Option<&FailureReason> {
        self.closed.as_ref().or(self.failed.as_ref())
    }

    pub(super) fn wish(&self) -> Option<Wish> {
        let terms = self.requested.as_ref()?;
        let unwanted = self.unwanted().is_some();
        if self.captured {
            let owed = unwanted && !self.refunded;
            let intent_id = self.intent_id.clone().filter(|_| owed)?;
            return Some(Wish::Refund {
                intent_id,
                amount: terms.amount,
                currency: terms.currency.clone(),
            });
        }
        if self.cancelled || self.failed.is_some() {
            None
        } else if unwanted {
            Some(Wish::Cancel)
        } else if self.intent_id.is_none() {
            Some(Wish::Create(terms.clone()))
        } else {
            None
        }
    }
}
