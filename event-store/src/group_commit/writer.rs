use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_util::task::TaskTracker;

use super::columns::{Columns, Lone};
use super::command::Command;
use super::queue::{Queue, Waiting};
use super::statement::statement;
use super::{lone, metrics};
use crate::database::{PATIENCE, answer, discard};
use crate::error::classify;
use crate::{Database, Doorbell, EventStoreError};

/// How long a statement of several commands waits for somebody else's lock, as Postgres reads it:
/// then each goes alone, so that whoever holds on to one stream holds up no other.
const SHARED: &str = "100ms";
/// How often a command that goes alone is tried again after a deadlock.
const DEADLOCKS: u32 = 5;
/// As long as a statement may take.
const ALONE: &str = "0";

/// Writes commands, together or alone.
pub struct Writer {
    pub database: Database,
    pub aggregate_type: &'static str,
    pub state_table: &'static str,
    pub topic: Arc<str>,
    pub doorbell: Doorbell,
    /// Leaves connections for those that go together.
    pub alone: Semaphore,
    pub tasks: TaskTracker,
}

/// A statement came to nothing for all of its commands.
enum Fault {
    /// It was not even sent.
    NotSent(EventStoreError),
    /// Sent; what became of it depends on the error.
    Failed(tokio_postgres::Error),
    /// No answer came.
    Silent(EventStoreError),
}

impl Writer {
    /// Writes what waits in a queue, until nothing does.
    pub async fn write(self: Arc<Self>, queue: Arc<Queue>) {
        let mut left = Left(Some(&queue));
        while let Some(taken) = queue.next() {
            metrics::statement(&taken);
            let commands: Vec<&Command> = taken.iter().map(|w| &w.command).collect();
            match self.run(&commands, SHARED).await {
                Ok(outcomes) => {
                    for (waiting, outcome) in taken.into_iter().zip(outcomes) {
                        waiting.answer(outcome);
                    }
                }
                // What waits behind them would find the same.
                Err(Fault::NotSent(error)) => {
                    answer_all(taken.into_iter().chain(queue.clear()), &error);
                }
                Err(Fault::Silent(error)) => answer_all(taken, &error),
                Err(Fault::Failed(error)) if goes_again(&error) => {
                    metrics::fallback(taken.len());
                    for waiting in taken {
                        self.start_alone(waiting);
                    }
                }
                Err(Fault::Failed(error)) => answer_all(taken, &classify(&error)),
            }
        }
        left.0 = None;
    }

    /// Writes a command in a statement of its own, beside whatever else is being written. It was
    /// begun once, and is seen through also when its caller has gone meanwhile.
    fn start_alone(self: &Arc<Self>, waiting: Waiting) {
        let writer = self.clone();
        self.tasks.spawn(async move {
            let Ok(Ok(_connection)) = timeout(PATIENCE, writer.alone.acquire()).await else {
                let busy = "no connection became free".into();
                return waiting.answer(Err(EventStoreError::Unavailable(busy)));
            };
            let outcome = writer.alone(&waiting.command).await;
            waiting.answer(outcome);
        });
    }

    async fn alone(&self, command: &Command) -> Result<(), EventStoreError> {
        let mut deadlocks = 0;
        loop {
            return match self.run(&[command], ALONE).await {
                Ok(mut outcomes) => outcomes.pop().unwrap_or(Ok(())),
                Err(Fault::NotSent(error) | Fault::Silent(error)) => Err(error),
                // Nothing was written, and whoever was in the way has gone through.
                Err(Fault::Failed(error)) if is_deadlock(&error) && deadlocks < DEADLOCKS => {
                    deadlocks += 1;
                    continue;
                }
                Err(Fault::Failed(error)) => Err(self
                    .violation(&error, command)
                    .unwrap_or_else(|| classify(&error))),
            };
        }
    }

    /// One statement; the outcomes are in the order of the commands.
    async fn run(
        &self,
        commands: &[&Command],
        lock_timeout: &'static str,
    ) -> Result<Vec<Result<(), EventStoreError>>, Fault> {
        let topic = &*self.topic;
        if let [command] = commands
            && command.idempotency.is_none()
        {
            let lone = Lone::of(command);
            let parameters = lone.parameters(&self.aggregate_type, &topic, &lock_timeout);
            let sql = lone::statement(self.state_table, command.expected == 0);
            let rows = self.query(&sql, &parameters).await?;
            let admitted = rows.first().is_some_and(|row| row.get::<_, i64>(0) == 1);
            if admitted {
                self.doorbell.ring();
            }
            return Ok(vec![
                admitted.then_some(()).ok_or_else(|| conflict(command)),
            ]);
        }
        let columns = Columns::of(commands).map_err(Fault::NotSent)?;
        let parameters = columns.parameters(&self.aggregate_type, &topic, &lock_timeout);
        let sql = statement(self.state_table, columns.keyed());
        let refused = self.query(&sql, &parameters).await?;
        if refused.len() < commands.len() {
            self.doorbell.ring();
        }
        let mut outcomes: Vec<_> = commands.iter().map(|_| Ok(())).collect();
        for row in refused {
            let (number, key_is_free): (i64, bool) = (row.get(0), row.get(1));
            let number = number as usize - 1;
            outcomes[number] = Err(if key_is_free {
                conflict(commands[number])
            } else {
                EventStoreError::IdempotencyKeyTaken
            });
        }
        Ok(outcomes)
    }

    async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let client = self.database.appending().await.map_err(Fault::NotSent)?;
        // Preparing writes nothing, so a failure here leaves no doubt.
        let prepared = match answer(client.prepare_cached(sql)).await {
            Ok(prepared) => prepared.map_err(|e| Fault::NotSent(undoubted(classify(&e))))?,
            Err(late) => return Err(Fault::NotSent(undoubted(discard(client, late)))),
        };
        match answer(client.query(&prepared, parameters)).await {
            Ok(rows) => rows.map_err(Fault::Failed),
            Err(late) => Err(Fault::Silent(discard(client, late))),
        }
    }

    /// Only the constraints that guard a stream's version or a key make a unique violation one of
    /// the expected outcomes.
    fn violation(
        &self,
        error: &tokio_postgres::Error,
        command: &Command,
    ) -> Option<EventStoreError> {
        let db = error.as_db_error()?;
        if *db.code() != SqlState::UNIQUE_VIOLATION {
            return None;
        }
        let constraint = db.constraint()?;
        if constraint == "idempotency_keys_pkey" {
            return Some(EventStoreError::IdempotencyKeyTaken);
        }
        let guards_a_stream = constraint == "events_pkey"
            || constraint.strip_suffix("_pkey") == Some(self.state_table);
        guards_a_stream.then(|| conflict(command))
    }
}

/// Whether the commands of a failed statement may fare better one by one: it wrote nothing, and
/// Postgres itself is well.
fn goes_again(error: &tokio_postgres::Error) -> bool {
    match classify(error) {
        EventStoreError::Refused(_) => true,
        EventStoreError::Unavailable(_) => {
            let passing = [
                SqlState::QUERY_CANCELED,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::LOCK_NOT_AVAILABLE,
            ];
            error.code().is_some_and(|code| passing.contains(code))
        }
        _ => false,
    }
}

fn is_deadlock(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

fn conflict(command: &Command) -> EventStoreError {
    EventStoreError::Conflict {
        expected: command.expected,
    }
}

fn undoubted(error: EventStoreError) -> EventStoreError {
    match error {
        EventStoreError::OutcomeUnknown(source) => EventStoreError::Unavailable(source),
        other => other,
    }
}

/// The same answer for each.
fn answer_all(all: impl IntoIterator<Item = Waiting>, error: &EventStoreError) {
    for waiting in all {
        waiting.answer(Err(match error {
            EventStoreError::OutcomeUnknown(e) => {
                EventStoreError::OutcomeUnknown(e.to_string().into())
            }
            EventStoreError::Refused(e) => EventStoreError::Refused(e.to_string().into()),
            other => EventStoreError::Unavailable(other.to_string().into()),
        }));
    }
}

/// The queue of a writer that ends before it has emptied it (its runtime is being shut down).
struct Left<'a>(Option<&'a Queue>);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.abandon();
        }
    }
}
