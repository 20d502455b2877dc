//! The order's business rules and the published contract. No I/O, no clock, no randomness: whatever
//! varies from run to run is handed in.

pub mod contract;
mod event_id;
mod event_sourced;
mod money;
mod occurred_on;
pub mod order;
mod text;

pub use event_id::event_id;
pub use event_sourced::EventSourced;
pub use money::{Money, MoneyError};
pub use occurred_on::OccurredOn;
pub use text::{
    CancelReason, CustomerId, ItemName, MenuItemId, PaymentId, RestaurantId, TextError,
    checked_text,
};
