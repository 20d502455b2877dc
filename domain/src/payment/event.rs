use serde::{Deserialize, Serialize};

use crate::inventory::StockTerms;
use crate::saga::SagaFlow;
use crate::stored_events::stored_events;
use crate::{Currency, FailureReason, IntentId, Money};

use super::PaymentTerms;

stored_events! {
    /// What happened to an order's payment, as it is stored.
    PaymentEvent {
        PaymentRequested(PaymentRequested),
        PaymentPending(PaymentPending),
        PaymentAuthorized(PaymentAuthorized),
        PaymentCompleted(PaymentCompleted),
        PaymentFailed(PaymentFailed),
        PaymentCancellationRequested(PaymentCancellationRequested),
        PaymentCancelled(PaymentCancelled),
        PaymentRefunded(PaymentRefunded),
    }
}

/// The provider is to be asked for the payment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRequested {
    pub saga_flow: SagaFlow,
    pub payment: PaymentTerms,
    /// What is to be reserved next; absent where it is reserved already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<StockTerms>,
}

/// The provider has the payment in hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentPending {
    pub saga_flow: SagaFlow,
    pub intent_id: IntentId,
}

/// The customer's bank agrees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentAuthorized {
    pub saga_flow: SagaFlow,
    pub intent_id: IntentId,
}

/// The money is taken. It is a fact, also where nobody wants it any more: a refund follows then.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCompleted {
    pub saga_flow: SagaFlow,
    pub intent_id: IntentId,
    pub amount: Money,
    pub currency: Currency,
    /// What is to be reserved next; absent where it is reserved already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<StockTerms>,
}

/// The provider will not take the money. If it does all the same, it is refunded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
    pub saga_flow: SagaFlow,
    pub reason: FailureReason,
}

/// The order is over: the payment is to be stopped, or given back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancellationRequested {
    pub saga_flow: SagaFlow,
    pub reason: FailureReason,
}

/// Nothing was taken, and nothing is going to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelled {
    pub saga_flow: SagaFlow,
    pub reason: FailureReason,
}

/// All that was taken is given back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRefunded {
    pub saga_flow: SagaFlow,
    pub amount: Money,
    pub currency: Currency,
    pub reason: FailureReason,
}
