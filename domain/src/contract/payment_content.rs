use serde::{Deserialize, Serialize};

use super::{content, money_number};
use crate::inventory::StockTerms;
use crate::payment::{
    PaymentAuthorized, PaymentCancellationRequested, PaymentCancelled, PaymentEvent, PaymentFailed,
    PaymentPending, PaymentTerms,
};
use crate::saga::SagaFlow;
use crate::{Currency, FailureReason, IntentId, Money, PaymentMethod};

content! {
    /// What `payment-events` tells of one order's payment, with the order's id as key.
    PaymentContent {
        PaymentRequested(PublishedPaymentRequested),
        PaymentPending(PaymentPending),
        PaymentAuthorized(PaymentAuthorized),
        PaymentCompleted(PublishedPaymentCompleted),
        PaymentFailed(PaymentFailed),
        PaymentCancellationRequested(PaymentCancellationRequested),
        PaymentCancelled(PaymentCancelled),
        PaymentRefunded(PublishedPaymentRefunded),
    }
}

/// What an order costs and how it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedPaymentTerms {
    #[serde(with = "money_number")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::money"))]
    pub amount: Money,
    pub currency: Currency,
    pub method: PaymentMethod,
}

/// The provider is to be asked for the payment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedPaymentRequested {
    pub saga_flow: SagaFlow,
    pub payment: PublishedPaymentTerms,
}

/// The money is taken, also where nobody wants it any more: a refund follows then.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedPaymentCompleted {
    pub saga_flow: SagaFlow,
    pub intent_id: IntentId,
    #[serde(with = "money_number")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::money"))]
    pub amount: Money,
    pub currency: Currency,
    /// What is to be reserved next; absent where it is reserved already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "StockTerms"))]
    pub stock: Option<StockTerms>,
}

/// All that was taken is given back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedPaymentRefunded {
    pub saga_flow: SagaFlow,
    #[serde(with = "money_number")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::money"))]
    pub amount: Money,
    pub currency: Currency,
    pub reason: FailureReason,
}

impl From<PaymentTerms> for PublishedPaymentTerms {
    fn from(terms: PaymentTerms) -> Self {
        Self {
            amount: terms.amount,
            currency: terms.currency,
            method: terms.method,
        }
    }
}

impl From<PublishedPaymentTerms> for PaymentTerms {
    fn from(terms: PublishedPaymentTerms) -> Self {
        Self {
            amount: terms.amount,
            currency: terms.currency,
            method: terms.method,
        }
    }
}

impl From<PaymentEvent> for PaymentContent {
    fn from(stored: PaymentEvent) -> Self {
        match stored {
            PaymentEvent::PaymentRequested(event) => {
                Self::PaymentRequested(PublishedPaymentRequested {
                    saga_flow: event.saga_flow,
                    payment: event.payment.into(),
                })
            }
            PaymentEvent::PaymentPending(event) => Self::PaymentPending(event),
            PaymentEvent::PaymentAuthorized(event) => Self::PaymentAuthorized(event),
            PaymentEvent::PaymentCompleted(event) => {
                Self::PaymentCompleted(PublishedPaymentCompleted {
                    saga_flow: event.saga_flow,
                    intent_id: event.intent_id,
                    amount: event.amount,
                    currency: event.currency,
                    stock: event.stock,
                })
            }
            PaymentEvent::PaymentFailed(event) => Self::PaymentFailed(event),
            PaymentEvent::PaymentCancellationRequested(event) => {
                Self::PaymentCancellationRequested(event)
            }
            PaymentEvent::PaymentCancelled(event) => Self::PaymentCancelled(event),
            PaymentEvent::PaymentRefunded(event) => {
                Self::PaymentRefunded(PublishedPaymentRefunded {
                    saga_flow: event.saga_flow,
                    amount: event.amount,
                    currency: event.currency,
                    reason: event.reason,
                })
            }
        }
    }
}
