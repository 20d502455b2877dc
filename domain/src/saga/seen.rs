use crate::FailureReason;
use crate::contract::{InventoryContent, OrderContent, PaymentContent};

use super::SagaFlow;

/// What somebody reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    OrderCreated,
    OrderConfirmed,
    OrderCancelled,
    OrderFailed,
    StockReserved,
    StockReservationFailed,
    StockReleased,
    PaymentPending,
    PaymentAuthorized,
    PaymentCompleted,
    PaymentFailed,
    PaymentCancelled,
    PaymentRefunded,
    /// No event: the order's own deadline.
    TimeIsUp,
}

impl Signal {
    pub const ALL: [Self; 14] = [
        Self::OrderCreated,
        Self::OrderConfirmed,
        Self::OrderCancelled,
        Self::OrderFailed,
        Self::StockReserved,
        Self::StockReservationFailed,
        Self::StockReleased,
        Self::PaymentPending,
        Self::PaymentAuthorized,
        Self::PaymentCompleted,
        Self::PaymentFailed,
        Self::PaymentCancelled,
        Self::PaymentRefunded,
        Self::TimeIsUp,
    ];

    /// Of an event's type.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreated => "OrderCreated",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::OrderCancelled => "OrderCancelled",
            Self::OrderFailed => "OrderFailed",
            Self::StockReserved => "StockReserved",
            Self::StockReservationFailed => "StockReservationFailed",
            Self::StockReleased => "StockReleased",
            Self::PaymentPending => "PaymentPending",
            Self::PaymentAuthorized => "PaymentAuthorized",
            Self::PaymentCompleted => "PaymentCompleted",
            Self::PaymentFailed => "PaymentFailed",
            Self::PaymentCancelled => "PaymentCancelled",
            Self::PaymentRefunded => "PaymentRefunded",
            Self::TimeIsUp => "TimeIsUp",
        }
    }
}

/// Something that was seen of an order, as its topic tells it.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    Order(&'a OrderContent),
    Inventory(&'a InventoryContent),
    Payment(&'a PaymentContent),
    /// The order was to have ended by now.
    TimeIsUp(SagaFlow),
}

impl Seen<'_> {
    /// `None` for what nobody reacts to.
    pub fn signal(&self) -> Option<Signal> {
        Some(match self {
            Self::Order(content) => match content {
                OrderContent::Created(_) => Signal::OrderCreated,
                OrderContent::Confirmed { .. } => Signal::OrderConfirmed,
                OrderContent::Cancelled { .. } => Signal::OrderCancelled,
                OrderContent::Failed { .. } => Signal::OrderFailed,
                OrderContent::StockReserved { .. }
                | OrderContent::PaymentPending { .. }
                | OrderContent::PaymentAuthorized { .. }
                | OrderContent::Paid { .. }
                | OrderContent::PaymentFailed { .. } => return None,
            },
            Self::Inventory(content) => match content {
                InventoryContent::StockReserved(_) => Signal::StockReserved,
                InventoryContent::StockReservationFailed(_) => Signal::StockReservationFailed,
                InventoryContent::StockReleased(_) => Signal::StockReleased,
                InventoryContent::StockSold(_)
                | InventoryContent::ItemStocked(_)
                | InventoryContent::ItemReserved(_)
                | InventoryContent::ItemReleased(_)
                | InventoryContent::ItemSold(_)
                | InventoryContent::ItemReturned(_) => return None,
            },
            Self::Payment(content) => match content {
                PaymentContent::PaymentPending(_) => Signal::PaymentPending,
                PaymentContent::PaymentAuthorized(_) => Signal::PaymentAuthorized,
                PaymentContent::PaymentCompleted(_) => Signal::PaymentCompleted,
                PaymentContent::PaymentFailed(_) => Signal::PaymentFailed,
                PaymentContent::PaymentCancelled(_) => Signal::PaymentCancelled,
                PaymentContent::PaymentRefunded(_) => Signal::PaymentRefunded,
                PaymentContent::PaymentRequested(_)
                | PaymentContent::PaymentCancellationRequested(_) => return None,
            },
            Self::TimeIsUp(_) => Signal::TimeIsUp,
        })
    }

    /// `None` for manual orders, and for what is of no order.
    pub fn flow(&self) -> Option<SagaFlow> {
        match self {
            Self::Order(content) => match content {
                OrderContent::Created(order) => order.saga.as_ref().map(|saga| saga.flow),
                OrderContent::Confirmed { saga_flow, .. }
                | OrderContent::Cancelled { saga_flow, .. } => *saga_flow,
                OrderContent::StockReserved { saga_flow }
                | OrderContent::PaymentPending { saga_flow }
                | OrderContent::PaymentAuthorized { saga_flow }
                | OrderContent::Paid { saga_flow, .. }
                | OrderContent::PaymentFailed { saga_flow, .. }
                | OrderContent::Failed { saga_flow, .. } => Some(*saga_flow),
            },
            Self::Inventory(content) => match content {
                InventoryContent::StockReserved(event) => Some(event.saga_flow),
                InventoryContent::StockReservationFailed(event) => Some(event.saga_flow),
                InventoryContent::StockReleased(event) => Some(event.saga_flow),
                InventoryContent::StockSold(event) => Some(event.saga_flow),
                InventoryContent::ItemStocked(_)
                | InventoryContent::ItemReserved(_)
                | InventoryContent::ItemReleased(_)
                | InventoryContent::ItemSold(_)
                | InventoryContent::ItemReturned(_) => None,
            },
            Self::Payment(content) => Some(match content {
                PaymentContent::PaymentRequested(event) => event.saga_flow,
                PaymentContent::PaymentPending(event) => event.saga_flow,
                PaymentContent::PaymentAuthorized(event) => event.saga_flow,
                PaymentContent::PaymentCompleted(event) => event.saga_flow,
                PaymentContent::PaymentFailed(event) => event.saga_flow,
                PaymentContent::PaymentCancellationRequested(event) => event.saga_flow,
                PaymentContent::PaymentCancelled(event) => event.saga_flow,
                PaymentContent::PaymentRefunded(event) => event.saga_flow,
            }),
            Self::TimeIsUp(flow) => Some(*flow),
        }
    }

    /// Why something did not come about, where that is what was seen.
    pub(super) fn reason(&self) -> Option<FailureReason> {
        Some(match self {
            Self::Order(OrderContent::Cancelled { reason, .. }) => reason.clone().into(),
            Self::Order(OrderContent::Failed { reason, .. }) => reason.clone(),
            Self::Inventory(InventoryContent::StockReservationFailed(event)) => event.reason(),
            Self::Inventory(InventoryContent::StockReleased(event)) => event.reason.clone(),
            Self::Payment(PaymentContent::PaymentFailed(event)) => event.reason.clone(),
            Self::Payment(PaymentContent::PaymentCancelled(event)) => event.reason.clone(),
            Self::Payment(PaymentContent::PaymentRefunded(event)) => event.reason.clone(),
            Self::TimeIsUp(_) => FailureReason::of("not finished in time"),
            _ => return None,
        })
    }
}
