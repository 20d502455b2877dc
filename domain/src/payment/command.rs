use crate::inventory::StockTerms;
use crate::saga::SagaFlow;
use crate::{Currency, FailureReason, IntentId, Money};

use super::PaymentTerms;

/// What can be asked of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentCommand {
    Request {
        saga_flow: SagaFlow,
        payment: PaymentTerms,
        /// Handed on with the outcome.
        stock: Option<StockTerms>,
    },
    /// The order is over: nothing is to be paid, and what was paid is to be given back.
    Close {
        saga_flow: SagaFlow,
        reason: FailureReason,
    },
    /// By a webhook, or as the answer to a call: both say the same things.
    Provider {
        intent_id: IntentId,
        says: ProviderSays,
    },
}

/// What a provider says of a payment. It may come in any order, and any number of times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProviderSays {
    /// There is an intent.
    Pending,
    Authorized,
    Captured {
        amount: Money,
        currency: Currency,
    },
    Failed {
        reason: FailureReason,
    },
    Cancelled,
    Refunded {
        amount: Money,
        currency: Currency,
    },
}

/// What is to be asked of the provider, until it has said that it is so.
///
/// The provider knows a payment by the key it was asked for under, the order's id. So it can be
/// told to stop a payment whose intent nobody here has heard of: one that is asked for under that
/// key later, by a call that was on its way, is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    Create(PaymentTerms),
    /// The answer is Cancelled, or what has happened instead.
    Cancel,
    Refund {
        intent_id: IntentId,
        amount: Money,
        currency: Currency,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// Not a fault: the cancellation was faster than what it takes back.
    #[error("the order is over")]
    OrderIsOver,
    #[error("nobody has asked for this payment")]
    NotRequested,
    #[error("this is about {said}, and the payment is {known}")]
    OtherIntent { known: IntentId, said: IntentId },
    #[error("{said} {said_currency} is not the payment's {known} {known_currency}")]
    OtherAmount {
        known: Money,
        known_currency: Currency,
        said: Money,
        said_currency: Currency,
    },
    /// Nobody here gives back money without having asked for it: somebody should look at it.
    #[error("nobody has asked for this refund")]
    RefundNotAskedFor,
    #[error("the payment's stream is damaged: {0} cannot stand where it does")]
    DamagedStream(&'static str),
}
