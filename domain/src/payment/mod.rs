//! What an order's customer pays, and what is still to be done about it at the provider.
//!
//! Nothing here calls the provider. The aggregate records what is wanted and what the provider has
//! said, in whatever order that comes; from both follows what has to be asked of the provider next:
//! [`Payment::wish`]. A wish is part of the state, so that a process that dies between asking and
//! writing down the answer asks again, under the same key, and what is asked twice is done once.

mod aggregate;
mod command;
mod decide;
mod event;
mod state;
mod terms;

pub use aggregate::Payment;
pub use command::{PaymentCommand, PaymentError, ProviderSays, Wish};
pub use event::{
    PaymentAuthorized, PaymentCancellationRequested, PaymentCancelled, PaymentCompleted,
    PaymentEvent, PaymentFailed, PaymentPending, PaymentRefunded, PaymentRequested,
};
pub use state::PaymentState;
pub use terms::PaymentTerms;

#[cfg(test)]
mod given_when_then;
#[cfg(test)]
mod properties;
