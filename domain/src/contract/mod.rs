//! The published contract: what other services read on the topic `order-events`.
//!
//! Flat JSON, key = aggregate id, CloudEvents 1.0 attributes as headers (binary mode). The contract
//! may only grow: readers ignore fields they do not know.

mod envelope;
mod headers;
pub mod money_number;
mod order_event;
mod stub;

pub use envelope::Envelope;
pub use headers::{CORRELATION_ID, TRACEPARENT, headers};
pub use order_event::{
    ContractError, OrderContent, PublishedItem, PublishedOrder, PublishedOrderEvent,
};
pub use stub::Stub;
