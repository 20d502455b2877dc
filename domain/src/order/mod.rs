//! The `Order` aggregate.

mod aggregate;
mod command;
mod error;
mod event;
mod history;
mod line;
mod saga;
mod state_machine;
mod upcasters;

pub use aggregate::{Order, PlacedOrder};
pub use command::{NewOrder, OrderCommand};
pub use error::{IllegalEvent, OrderError, OrderRuleError};
pub use event::{OrderCreated, OrderEvent, OrderEventType};
pub use history::{Moment, MomentError, OrderHistory, Recorded, Step};
pub use line::{OrderLine, Quantity, QuantityError};
pub use saga::{OrderSaga, Progress, SagaTerms};
pub use state_machine::{OrderStatus, TRANSITIONS, Transition, diagram};

#[cfg(test)]
mod given_when_then;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod saga_given_when_then;
#[cfg(test)]
mod saga_properties;
