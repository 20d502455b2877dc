//! Under [`crate::EventStore::append`]: commands that arrive while a statement is under way wait
//! for it, and go together in the next one. A lone command goes at once, alone.

mod columns;
mod command;
mod lone;
mod metrics;
mod queue;
mod statement;
mod writer;

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::{Database, Doorbell, EventStoreError};
pub use command::{Command, EventRow, row};
use queue::{Queue, Waiting};
use writer::Writer;

/// How commands share statements.
#[derive(Clone, Copy, Debug)]
pub struct Grouping {
    /// Each writes one statement at a time, and the streams are shared out among them, so that a
    /// process does not race itself on a stream. At least one.
    pub writers: usize,
    /// More commands than this are not taken on at once.
    pub unanswered: usize,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            writers: 2,
            unanswered: 4096,
        }
    }
}

pub struct GroupCommit {
    writer: Arc<Writer>,
    queues: Vec<Arc<Queue>>,
    room: Arc<Semaphore>,
}

impl GroupCommit {
    pub fn new(
        database: Database,
        aggregate_type: &'static str,
        state_table: &'static str,
        topic: Arc<str>,
        doorbell: Doorbell,
        grouping: Grouping,
    ) -> Self {
        let writers = grouping.writers.max(1);
        let alone = database.connections().saturating_sub(writers).max(1);
        Self {
            writer: Arc::new(Writer {
                database,
                aggregate_type,
                state_table,
                topic,
                doorbell,
                alone: Semaphore::new(alone),
                tasks: TaskTracker::new(),
            }),
            queues: (0..writers).map(|_| Arc::default()).collect(),
            room: Arc::new(Semaphore::new(grouping.unanswered)),
        }
    }

    /// A caller that goes away before its command is in a statement has it dropped; one that goes
    /// later does not stop it.
    pub async fn write(&self, command: Command) -> Result<(), EventStoreError> {
        let Ok(place) = self.room.clone().try_acquire_owned() else {
            metrics::overloaded();
            return Err(EventStoreError::Overloaded);
        };
        let slot = command.slot as usize;
        let (caller, outcome) = oneshot::channel();
        let waiting = Waiting {
            command,
            since: Instant::now(),
            caller,
            _place: place,
        };
        let queue = &self.queues[slot % self.queues.len()];
        if queue.push(waiting) {
            let writing = self.writer.clone().write(queue.clone());
            self.writer.tasks.spawn(writing);
        }
        let lost = |_| Err(EventStoreError::OutcomeUnknown("its writer ended".into()));
        outcome.await.unwrap_or_else(lost)
    }

    /// Until every command taken on has been carried through, also those whose callers are gone.
    pub async fn drained(&self) {
        self.writer.tasks.close();
        self.writer.tasks.wait().await;
    }
}
