//! Kafka to MongoDB: projections, and the worker that keeps them fresh.

mod apply;
mod batch;
mod bulk_command;
mod collections;
mod content;
mod documents;
mod error;
mod event_log;
mod fold;
mod freshness;
mod generation;
mod generations;
mod guarded;
mod heal;
pub mod history;
mod intake;
mod judge;
mod memory;
mod order_projection;
mod order_view;
mod projections;
mod refold;
mod requeued;
mod saga_tracker;
mod settling;
mod source_reader;
mod stranded;
mod topics;
pub mod totals;
pub mod verify;
mod worker;

pub use collections::{collections, create_indexes};
pub use content::Content;
pub use error::{ProjectorError, RecordFault};
pub use event_log::{EventLog, EventLogWorker};
pub use fold::Counts;
pub use freshness::Freshness;
pub use generation::live_generation;
pub use generations::{
    Building, Compare, Compared, Comparison, Difference, Follower, Follows, Generations, Kind,
    KnownGeneration, Progress, Rebuild, Rebuilt, Role, Status, Switching,
};
pub use order_projection::OrderProjection;
pub use order_view::{OrderView, project};
pub use projections::{PROJECTIONS, Projection, Site, check_name};
pub use refold::Refold;
pub use requeued::Requeued;
pub use saga_tracker::{SagaTracker, SagaTrackerWorker, Teller};
pub use topics::{Source, Topic, Topics};
pub use worker::{Step, Worker};
