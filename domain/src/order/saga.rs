use serde::{Deserialize, Serialize};

use crate::saga::SagaFlow;
use crate::{CancelReason, EmailAddress, FailureReason, PaymentId, PaymentMethod};

use super::{OrderEvent, OrderStatus, PlacedOrder};

/// What an order has that is carried out by a saga; a manual order has none of it.
///
/// The store is the order's restaurant and the products are its menu items: the same fields under
/// the names they have always been published by, so that whoever reads orders reads these, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SagaTerms {
    pub flow: SagaFlow,
    pub payment_method: PaymentMethod,
    /// Where to tell the customer how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "EmailAddress"))]
    pub customer_email: Option<EmailAddress>,
}

/// How far an order's saga has come, as far as the order has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderSaga {
    pub terms: SagaTerms,
    pub stock_reserved: bool,
    /// Set when the payment was seen; the order is confirmed once the stock was, too.
    pub paid: Option<PaymentId>,
    /// Of the payment, or of the whole order.
    pub failure: Option<FailureReason>,
}

impl OrderSaga {
    pub(super) fn new(terms: SagaTerms) -> Self {
        Self {
            terms,
            stock_reserved: false,
            paid: None,
            failure: None,
        }
    }
}

/// What an order's reactor has seen of the others. Topics overtake each other, so that any of
/// these may come in any order, and again: none is ever refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    StockReserved,
    PaymentPending,
    PaymentAuthorized,
    Paid {
        payment_id: PaymentId,
    },
    PaymentFailed {
        reason: FailureReason,
    },
    /// What had been done is undone, or time is up.
    GivenUp {
        reason: CancelReason,
    },
    Failed {
        reason: FailureReason,
    },
}

impl PlacedOrder {
    /// The events that record it: none for what was seen before or comes too late, and none for
    /// a manual order.
    ///
    /// The order is confirmed by whichever of stock and payment it sees last, in both flows: to
    /// see one of them only shows that the other has happened, not with which payment.
    pub(super) fn progress(&self, progress: Progress) -> Vec<OrderEvent> {
        let Some(saga) = &self.saga else {
            return Vec::new();
        };
        // From here on only the customer takes it back.
        if self.status == OrderStatus::Confirmed {
            return Vec::new();
        }
        let flow = saga.terms.flow;
        let confirmed = |payment_id| OrderEvent::OrderConfirmed {
            payment_id,
            saga_flow: Some(flow),
        };
        let events = match progress {
            Progress::StockReserved if saga.stock_reserved => Vec::new(),
            Progress::StockReserved => {
                let reserved = OrderEvent::OrderStockReserved { saga_flow: flow };
                let paid = saga.paid.clone().map(confirmed);
                [reserved].into_iter().chain(paid).collect()
            }
            Progress::PaymentPending => vec![OrderEvent::OrderPaymentPending { saga_flow: flow }],
            Progress::PaymentAuthorized => {
                vec![OrderEvent::OrderPaymentAuthorized { saga_flow: flow }]
            }
            Progress::Paid { .. } if saga.paid.is_some() => Vec::new(),
            Progress::Paid { payment_id } if saga.stock_reserved => vec![confirmed(payment_id)],
            Progress::Paid { payment_id } => vec![OrderEvent::OrderPaid {
                payment_id,
                saga_flow: flow,
            }],
            Progress::PaymentFailed { reason } => vec![OrderEvent::OrderPaymentFailed {
                reason,
                saga_flow: flow,
            }],
            Progress::GivenUp { reason } => vec![OrderEvent::OrderCancelled {
                reason,
                saga_flow: Some(flow),
            }],
            Progress::Failed { reason } => vec![OrderEvent::OrderFailed {
                reason,
                saga_flow: flow,
            }],
        };
        let mut status = Ok(self.status);
        for event in &events {
            status = status.and_then(|status| OrderStatus::after(Some(status), event.kind()));
        }
        status.map_or(Vec::new(), |_| events)
    }
}
