//! Postgres, the truth: streams of events, the current state of each aggregate, and the outbox,
//! all three written by one statement.

mod append;
mod command_context;
mod database;
pub mod dead_letters;
mod doorbell;
mod error;
mod event_store;
mod executor;
mod held;
mod log;
mod outbox;
mod retention;
mod slot;
mod slot_leases;
mod unpublished;
mod upcasters;

pub use append::{Append, Appended};
pub use command_context::CommandContext;
pub use database::{Database, DatabaseConfig};
pub use doorbell::Doorbell;
pub use error::EventStoreError;
pub use event_store::{EventStore, StoredEvent};
pub use executor::{CommandExecutor, ExecuteError, Executed, ExpectedVersion};
pub use held::{HeldRecord, Refused, Retries, SlotLease};
pub use log::UnreadableEvent;
pub use outbox::{Backlog, Outbox, OutboxRecord, Pending, PerSlot, SlotFloor};
pub use retention::Cleaned;
pub use slot::{SLOTS, slot};
pub use slot_leases::{Renewed, SlotLeases};
pub use unpublished::{Unpublished, UnpublishedPages};
