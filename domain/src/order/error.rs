use crate::Money;

use super::{OrderEventType, OrderStatus};

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    #[error("there is no such order")]
    NotFound,
    #[error("an order that is {from} cannot become {to}")]
    InvalidTransition { from: OrderStatus, to: OrderStatus },
    /// The stream itself breaks the state machine: nobody should decide anything on top of it.
    #[error("the order's stream is damaged: {0}")]
    DamagedStream(#[from] IllegalEvent),
}

/// An event that the state machine does not allow where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{} cannot follow {}", event.as_str(), status.map_or("nothing", OrderStatus::as_str))]
pub struct IllegalEvent {
    /// `None` before the order exists.
    pub status: Option<OrderStatus>,
    pub event: OrderEventType,
}

/// A rule over a whole new order that its content breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRuleError {
    #[error("has no items")]
    NoItems,
    #[error("has {count} items, more than 200")]
    TooManyItems { count: usize },
    #[error("{total} is less than the items' sum {items}")]
    TotalBelowItems { total: Money, items: Money },
}
