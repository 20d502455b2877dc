//! What MongoDB holds: documents as types, names, indexes, and which generation of a projection
//! is the one that answers. No logic but how money is written.

mod database;
pub mod decimal;
mod event_log;
mod freshness;
mod generation;
mod generation_record;
mod order_view;
mod saga_tracker;
mod totals;

pub use database::{ReadDatabase, ReadModelError};
pub use event_log::{LoggedBytes, LoggedRecord};
pub use freshness::{PartitionFreshness, PartitionsApplied, Staleness};
pub use generation::{Generation, ProjectionPointer};
pub use generation_record::{BuildState, Builder, Filling, GenerationRecord};
pub use order_view::{
    ChangedFields, HeldBack, HeldStub, ItemDocument, OrderDocument, OrderEntry, TransitionDocument,
};
pub use saga_tracker::{SagaDocument, SagaEntry, StepDocument};
pub use totals::{
    AmountDocument, CustomerSummaryDocument, OrdersByStatus, RestaurantDayDocument, RevenueDocument,
};
