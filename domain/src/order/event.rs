use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::saga::SagaFlow;
use crate::{
    CancelReason, Currency, CustomerId, FailureReason, Money, PaymentId, RestaurantId,
    newest_version,
};

use super::upcasters::UPCASTERS;
use super::{OrderLine, SagaTerms};

/// What happened to an order, as it is stored. Private to this system: other services read
/// [`crate::contract`].
///
/// Those that the participants of a saga react to carry its flow; manual orders have none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum OrderEvent {
    OrderCreated(OrderCreated),
    OrderConfirmed {
        payment_id: PaymentId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saga_flow: Option<SagaFlow>,
    },
    OrderCancelled {
        reason: CancelReason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saga_flow: Option<SagaFlow>,
    },
    OrderStockReserved {
        saga_flow: SagaFlow,
    },
    OrderPaymentPending {
        saga_flow: SagaFlow,
    },
    OrderPaymentAuthorized {
        saga_flow: SagaFlow,
    },
    /// Paid before the stock was seen to be there.
    OrderPaid {
        payment_id: PaymentId,
        saga_flow: SagaFlow,
    },
    OrderPaymentFailed {
        reason: FailureReason,
        saga_flow: SagaFlow,
    },
    OrderFailed {
        reason: FailureReason,
        saga_flow: SagaFlow,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    /// What the customer pays: at least the sum of the lines; fees and tips come on top.
    pub total_amount: Money,
    /// Of the total and of all prices.
    pub currency: Currency,
    pub items: Vec<OrderLine>,
    /// Of an order that a saga carries out. Manual orders, and all from before there were sagas,
    /// have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saga: Option<SagaTerms>,
}

/// The kinds of event, as the state machine and the contract name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OrderEventType {
    OrderCreated,
    OrderConfirmed,
    OrderCancelled,
    OrderStockReserved,
    OrderPaymentPending,
    OrderPaymentAuthorized,
    OrderPaid,
    OrderPaymentFailed,
    OrderFailed,
}

impl OrderEventType {
    pub const ALL: [Self; 9] = [
        Self::OrderCreated,
        Self::OrderConfirmed,
        Self::OrderCancelled,
        Self::OrderStockReserved,
        Self::OrderPaymentPending,
        Self::OrderPaymentAuthorized,
        Self::OrderPaid,
        Self::OrderPaymentFailed,
        Self::OrderFailed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreated => "OrderCreated",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::OrderCancelled => "OrderCancelled",
            Self::OrderStockReserved => "OrderStockReserved",
            Self::OrderPaymentPending => "OrderPaymentPending",
            Self::OrderPaymentAuthorized => "OrderPaymentAuthorized",
            Self::OrderPaid => "OrderPaid",
            Self::OrderPaymentFailed => "OrderPaymentFailed",
            Self::OrderFailed => "OrderFailed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl OrderEvent {
    pub fn kind(&self) -> OrderEventType {
        match self {
            Self::OrderCreated(_) => OrderEventType::OrderCreated,
            Self::OrderConfirmed { .. } => OrderEventType::OrderConfirmed,
            Self::OrderCancelled { .. } => OrderEventType::OrderCancelled,
            Self::OrderStockReserved { .. } => OrderEventType::OrderStockReserved,
            Self::OrderPaymentPending { .. } => OrderEventType::OrderPaymentPending,
            Self::OrderPaymentAuthorized { .. } => OrderEventType::OrderPaymentAuthorized,
            Self::OrderPaid { .. } => OrderEventType::OrderPaid,
            Self::OrderPaymentFailed { .. } => OrderEventType::OrderPaymentFailed,
            Self::OrderFailed { .. } => OrderEventType::OrderFailed,
        }
    }
}

impl DomainEvent for OrderEvent {
    fn event_type(&self) -> String {
        self.kind().as_str().to_owned()
    }

    fn event_version(&self) -> String {
        newest_version(UPCASTERS, self.kind().as_str()).to_string()
    }
}
