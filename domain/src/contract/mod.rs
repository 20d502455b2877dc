//! The published contract: what other services read on the topics.
//!
//! Flat JSON, key = aggregate id, CloudEvents 1.0 attributes as headers (binary mode). The contract
//! may only grow: readers ignore fields they do not know.

#[cfg(test)]
mod asyncapi;
mod content;
mod dead_letter;
mod envelope;
#[cfg(test)]
mod frozen;
mod headers;
mod inventory_content;
pub mod money_number;
mod notification_content;
mod order_content;
mod order_event;
mod payment_content;
mod published;
mod published_order;
mod saga_content;
#[cfg(test)]
pub(crate) mod schema;
mod stub;

pub use content::Content;
pub(crate) use content::content;
pub use dead_letter::dead_letter_header;
pub use envelope::Envelope;
pub use headers::{CORRELATION_ID, REPLAYED, TRACEPARENT, headers};
pub use inventory_content::{InventoryContent, PublishedStockReserved};
pub use notification_content::{NotificationContent, PublishedRecipientNoted};
pub use order_content::OrderContent;
pub use order_event::PublishedOrderEvent;
pub use payment_content::{
    PaymentContent, PublishedPaymentCompleted, PublishedPaymentRefunded, PublishedPaymentRequested,
    PublishedPaymentTerms,
};
pub use published::{ContractError, Published};
use published_order::PublishedOrderV1;
pub use published_order::{PublishedItem, PublishedOrder};
pub use saga_content::{
    PublishedSagaCompensated, PublishedSagaCompensating, PublishedSagaCompleted,
    PublishedSagaFailed, PublishedSagaStarted, SagaContent,
};
pub use stub::Stub;
