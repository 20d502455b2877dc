use crate::inventory::StockTerms;
use crate::saga::SagaFlow;
use crate::{Currency, FailureReason, IntentId, Money};

use super::{
    PaymentAuthorized, PaymentCancellationRequested, PaymentCancelled, PaymentCommand,
    PaymentCompleted, PaymentError, PaymentEvent, PaymentFailed, PaymentPending, PaymentRefunded,
    PaymentRequested, PaymentState, PaymentTerms, ProviderSays,
};

/// The event that a command leads to; `None` when the payment is already as the command says.
pub(super) fn decide(
    state: Option<&PaymentState>,
    command: PaymentCommand,
) -> Result<Option<PaymentEvent>, PaymentError> {
    match command {
        PaymentCommand::Request {
            saga_flow,
            payment,
            stock,
        } => request(state, saga_flow, payment, stock),
        PaymentCommand::Close { saga_flow, reason } => Ok(close(state, saga_flow, reason)),
        PaymentCommand::Provider { intent_id, says } => {
            let state = state.ok_or(PaymentError::NotRequested)?;
            let terms = state.requested.as_ref().ok_or(PaymentError::NotRequested)?;
            if let Some(known) = state
                .intent_id
                .as_ref()
                .filter(|known| **known != intent_id)
            {
                return Err(PaymentError::OtherIntent {
                    known: known.clone(),
                    said: intent_id,
                });
            }
            provider(state, terms, intent_id, says)
        }
    }
}

fn request(
    state: Option<&PaymentState>,
    saga_flow: SagaFlow,
    payment: PaymentTerms,
    stock: Option<StockTerms>,
) -> Result<Option<PaymentEvent>, PaymentError> {
    match state {
        None => Ok(Some(PaymentEvent::PaymentRequested(PaymentRequested {
            saga_flow,
            payment,
            stock,
        }))),
        Some(state) if state.requested.is_none() => Err(PaymentError::OrderIsOver),
        Some(_) => Ok(None),
    }
}

fn close(
    state: Option<&PaymentState>,
    saga_flow: SagaFlow,
    reason: FailureReason,
) -> Option<PaymentEvent> {
    let Some(state) = state else {
        let cancelled = PaymentCancelled { saga_flow, reason };
        return Some(PaymentEvent::PaymentCancelled(cancelled));
    };
    // A payment that has failed is stopped, or given back, as it is.
    state.unwanted().is_none().then(|| {
        let requested = PaymentCancellationRequested { saga_flow, reason };
        PaymentEvent::PaymentCancellationRequested(requested)
    })
}

fn provider(
    state: &PaymentState,
    terms: &PaymentTerms,
    intent_id: IntentId,
    says: ProviderSays,
) -> Result<Option<PaymentEvent>, PaymentError> {
    let saga_flow = state.saga_flow;
    // Beyond this, what is said of the way there is old news.
    let over = state.captured || state.cancelled || state.unwanted().is_some();
    Ok(match says {
        ProviderSays::Pending if over || state.intent_id.is_some() => None,
        ProviderSays::Pending => Some(PaymentEvent::PaymentPending(PaymentPending {
            saga_flow,
            intent_id,
        })),
        ProviderSays::Authorized if over || state.authorized => None,
        ProviderSays::Authorized => Some(PaymentEvent::PaymentAuthorized(PaymentAuthorized {
            saga_flow,
            intent_id,
        })),
        ProviderSays::Captured { amount, currency } => {
            same_amount(terms, amount, &currency)?;
            if state.captured {
                return Ok(None);
            }
            Some(PaymentEvent::PaymentCompleted(PaymentCompleted {
                saga_flow,
                intent_id,
                amount,
                currency,
                stock: state.stock.clone(),
            }))
        }
        ProviderSays::Failed { reason } => not_taken(state, reason),
        ProviderSays::Cancelled => not_taken(
            state,
            FailureReason::of("cancelled by the payment provider"),
        ),
        ProviderSays::Refunded { amount, currency } => {
            same_amount(terms, amount, &currency)?;
            let reason = state.unwanted().filter(|_| state.captured).cloned();
            let reason = reason.ok_or(PaymentError::RefundNotAskedFor)?;
            if state.refunded {
                return Ok(None);
            }
            Some(PaymentEvent::PaymentRefunded(PaymentRefunded {
                saga_flow,
                amount,
                currency,
                reason,
            }))
        }
    })
}

/// The provider will not take the money. Money that is there outweighs that word.
fn not_taken(state: &PaymentState, reason: FailureReason) -> Option<PaymentEvent> {
    let saga_flow = state.saga_flow;
    if state.captured || state.cancelled || state.failed.is_some() {
        return None;
    }
    Some(match state.closed.clone() {
        Some(reason) => PaymentEvent::PaymentCancelled(PaymentCancelled { saga_flow, reason }),
        None => PaymentEvent::PaymentFailed(PaymentFailed { saga_flow, reason }),
    })
}

/// A payment is taken as a whole and given back as a whole.
fn same_amount(
    terms: &PaymentTerms,
    amount: Money,
    currency: &Currency,
) -> Result<(), PaymentError> {
    if amount == terms.amount && *currency == terms.currency {
        return Ok(());
    }
    Err(PaymentError::OtherAmount {
        known: terms.amount,
        known_currency: terms.currency.clone(),
        said: amount,
        said_currency: currency.clone(),
    })
}
