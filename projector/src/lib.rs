//! Kafka to MongoDB: projections, and the worker that keeps them fresh.

mod batch;
mod documents;
mod error;
mod fold;
mod generation;
mod heal;
pub mod history;
mod judge;
mod order_view;
mod requeued;
mod worker;

pub use error::{ProjectorError, RecordFault};
pub use fold::Counts;
pub use generation::live_generation;
pub use order_view::project;
pub use requeued::Requeued;
pub use worker::{Step, Worker};
