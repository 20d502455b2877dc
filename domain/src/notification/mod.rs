//! What an order's customer is told, once for each thing there is to tell.

mod aggregate;
mod command;
mod event;
mod kind;
mod message_id;
mod state;

pub use aggregate::Notification;
pub use command::{NotificationCommand, NotificationError, Recipient};
pub use event::{
    NotificationDue, NotificationEvent, NotificationSent, NotificationSkipped, RecipientNoted,
};
pub use kind::NotificationKind;
pub use message_id::message_id;
pub use state::{NotificationState, Telling};

#[cfg(test)]
mod given_when_then;
