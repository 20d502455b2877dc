//! Kafka to MongoDB: projections, and the worker that keeps them fresh.

mod batch;
mod documents;
mod error;
mod fold;
mod generation;
mod order_view;
mod worker;

pub use error::{ProjectorError, RecordFault};
pub use generation::live_generation;
pub use order_view::project;
pub use worker::{Step, Worker};
