//! What consumers of events do about them: once, and together with noting that it is done.

mod effects;
mod statement;
mod waiting;

use std::collections::HashSet;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use effects::Effects;
pub use waiting::{WaitingRecord, WaitingRecords};

use crate::database::{answer, discard};
use crate::error::classify;
use crate::{Database, Doorbell, EventStoreError};

/// The events that one consumer has taken in.
#[derive(Clone)]
pub struct Inbox {
    database: Database,
    consumer: &'static str,
    doorbell: Doorbell,
}

/// What became of a decision over several streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Written,
    /// A stream has moved on, or somebody has taken in one of the events meanwhile. Nothing was
    /// written: it is to be decided anew.
    Outdated,
}

impl Inbox {
    /// Beside the streams that `consumer` appends to. The doorbell is their relay's.
    pub fn new(database: Database, consumer: &'static str, doorbell: Doorbell) -> Self {
        Self {
            database,
            consumer,
            doorbell,
        }
    }

    /// Which of these events have been taken in.
    pub async fn processed(&self, events: &[Uuid]) -> Result<HashSet<Uuid>, EventStoreError> {
        // Each by itself: with `= ANY` Postgres may read all that the consumer ever took in.
        let sql = "SELECT p.event_id FROM unnest($2::uuid[]) AS e (id), LATERAL (
                 SELECT event_id FROM processed_events
                 WHERE consumer = $1 AND event_id = e.id OFFSET 0
             ) AS p";
        let parameters: [&(dyn ToSql + Sync); 2] = [&self.consumer, &events];
        let rows = self.database.query_planned_once(sql, &parameters).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Appends to all streams, each at the version it was read at, and notes the events they come
    /// from; or does nothing at all. One statement, which is one transaction.
    pub async fn write(&self, effects: &Effects) -> Result<Outcome, EventStoreError> {
        if effects.is_empty() {
            return Ok(Outcome::Written);
        }
        let columns = effects.columns();
        let sql = statement::statement(&columns.tables());
        let client = self.database.appending().await?;
        let written = async {
            let statement = client.prepare_cached(&sql).await?;
            client
                .query_one(&statement, &columns.parameters(&self.consumer))
                .await
        };
        let admitted = match answer(written).await {
            Ok(Ok(row)) => row.get(0),
            Ok(Err(error)) if is_outdated(&error, &columns.tables()) => false,
            Ok(Err(error)) => return Err(classify(&error)),
            Err(late) => return Err(discard(client, late)),
        };
        if !admitted {
            return Ok(Outcome::Outdated);
        }
        self.doorbell.ring();
        Ok(Outcome::Written)
    }

    /// Forgets events that were taken in longer ago than this: what is repeated after that is for
    /// the aggregates to recognise. Returns how many.
    pub async fn forget(&self, older_than: Duration) -> Result<u64, EventStoreError> {
        let sql = "DELETE FROM processed_events WHERE consumer = $1
             AND processed_at < now() - $2::float8 * interval '1 s'";
        let age = older_than.as_secs_f64();
        self.database.execute(sql, &[&self.consumer, &age]).await
    }
}

/// Only the constraints that guard a stream's version, or an event's place in the inbox, make a
/// unique violation one of the expected outcomes. Of two that lock each other out one goes again.
fn is_outdated(error: &tokio_postgres::Error, tables: &[&str]) -> bool {
    let Some(db) = error.as_db_error() else {
        return false;
    };
    let guards = |constraint: &str| {
        ["processed_events_pkey", "events_pkey"].contains(&constraint)
            || tables
                .iter()
                .any(|table| constraint.strip_suffix("_pkey") == Some(table))
    };
    let taken = *db.code() == SqlState::UNIQUE_VIOLATION && db.constraint().is_some_and(guards);
    taken || *db.code() == SqlState::T_R_DEADLOCK_DETECTED
}
