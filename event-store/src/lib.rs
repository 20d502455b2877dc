//! Postgres, the truth: streams of events, the current state of each aggregate, and the outbox,
//! all written by one statement, which the commands of one moment share.

mod append;
mod command_context;
mod database;
pub mod dead_letters;
mod doorbell;
mod error;
mod event_store;
mod executor;
mod group_commit;
mod held;
mod history;
mod idempotency;
mod inbox;
mod json_text;
mod log;
mod outbox;
mod published_through;
mod ranges;
mod record_headers;
pub mod replay;
mod retention;
mod slot;
mod slot_leases;
mod states;
mod unpublished;
mod upcasters;

pub use append::{Append, Appended};
pub use command_context::CommandContext;
pub use database::{Database, DatabaseConfig};
pub use doorbell::Doorbell;
pub use error::EventStoreError;
pub use event_store::{EventStore, StoredEvent};
pub use executor::{
    Admit, CommandExecutor, ExecuteError, Executed, ExpectedVersion, MakeAnswer, Terms,
};
pub use group_commit::Grouping;
pub use held::{HeldRecord, Refused, Retries, SlotLease};
pub use history::HistoryEntry;
pub use idempotency::{IdempotencyKeys, IdempotencyRecord, KEPT_FOR, KeptAnswer, StoredAnswer};
pub use inbox::{Effects, Inbox, Outcome, WaitingRecord, WaitingRecords};
pub use log::{LogPage, UnreadableEvent};
pub use outbox::{Backlog, Outbox, OutboxRecord, Pending, PerSlot, SlotFloor};
pub use ranges::IdRange;
pub use record_headers::RecordHeaders;
pub use retention::Cleaned;
pub use slot::{SLOTS, slot};
pub use slot_leases::{Renewed, SlotLeases};
pub use states::{Current, Since, StateRow};
pub use unpublished::{Unpublished, UnpublishedPages};
