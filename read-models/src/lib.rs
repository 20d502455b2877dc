//! What MongoDB holds: documents as types, names, indexes, and which generation of a projection
//! is the one that answers. No logic.

mod database;
mod decimal;
mod generation;
mod order_view;

pub use database::{ReadDatabase, ReadModelError};
pub use generation::{Generation, ProjectionPointer};
pub use order_view::{HeldBack, HeldStub, ItemDocument, OrderDocument, OrderEntry};
