//! The `Order` aggregate.

mod aggregate;
mod command;
mod error;
mod event;
mod line;
mod state_machine;

pub use aggregate::{Order, PlacedOrder};
pub use command::{NewOrder, OrderCommand};
pub use error::{IllegalEvent, OrderError, OrderRuleError};
pub use event::{OrderCreated, OrderEvent, OrderEventType};
pub use line::{OrderLine, Quantity, QuantityError};
pub use state_machine::{OrderStatus, TRANSITIONS, Transition, diagram};

#[cfg(test)]
mod given_when_then;
#[cfg(test)]
mod properties;
