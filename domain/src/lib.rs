//! The business rules of orders, and of what takes part in their sagas, and the published contract.
//! No I/O, no clock, no randomness: whatever varies from run to run is handed in.

pub mod contract;
mod currency;
mod email_address;
mod event_id;
mod event_sourced;
pub mod inventory;
mod money;
pub mod notification;
mod occurred_on;
pub mod order;
pub mod payment;
pub mod saga;
mod stored_events;
mod text;
mod upcaster;

pub use currency::{Currency, CurrencyError};
pub use email_address::{EmailAddress, EmailAddressError};
pub use event_id::event_id;
pub use event_sourced::EventSourced;
pub use money::{Money, MoneyError};
pub use occurred_on::OccurredOn;
pub use text::{
    CancelReason, CustomerId, FailureReason, IntentId, ItemId, ItemName, MenuItemId, PaymentId,
    PaymentMethod, RestaurantId, StoreId, TextError, checked_text,
};
pub use upcaster::{Upcaster, newest_version, upcast};
