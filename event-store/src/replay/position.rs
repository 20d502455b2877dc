use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{ReplayItem, ReplayRecord, Replayable, Selection};
use crate::{Database, EventStoreError};

/// The table of replays under way.
#[derive(Clone)]
pub struct Replays {
    database: Database,
}

/// How far a replay has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayPosition {
    /// Who is at it.
    run: Uuid,
    /// Id and version of the last event that was dealt with.
    pub after: (String, u64),
    /// An aggregate of which an event could not be replayed.
    pub stuck: Option<String>,
    pub tally: ReplayTally,
}

/// What a replay has done since it began, however often it was interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayTally {
    /// Rows of the log that were looked at.
    pub read: u64,
    pub published: u64,
    /// Left out, as they are not on the topic yet, or behind one that is not.
    pub unpublished: u64,
    /// Could not be read, or were refused.
    pub faulty: u64,
    /// Left out, as they are behind one of those.
    pub behind: u64,
}

impl ReplayPosition {
    /// What is to be published of the next event. Why there is nothing to be published is counted.
    pub fn take<'a>(&mut self, item: &'a ReplayItem) -> Option<&'a ReplayRecord> {
        match &item.what {
            _ if self.stuck.as_ref() == Some(&item.aggregate_id) => self.tally.behind += 1,
            Replayable::Unpublished => self.tally.unpublished += 1,
            Replayable::Unreadable(reason) => self.stick(item, reason),
            Replayable::Record(record) => return Some(record),
        }
        None
    }

    /// An event cannot be replayed, and what follows it in its aggregate will not be.
    pub fn stick(&mut self, item: &ReplayItem, reason: &str) {
        let (aggregate_id, version) = (&item.aggregate_id, item.version);
        tracing::warn!(aggregate_id, version, reason, "an event cannot be replayed");
        self.tally.faulty += 1;
        self.stuck = Some(aggregate_id.clone());
    }
}

impl Replays {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Where a replay goes on; where none is under way, one begins. Whoever had it before has it
    /// no longer.
    pub async fn begin(
        &self,
        selection: &Selection,
        topic: &str,
    ) -> Result<ReplayPosition, EventStoreError> {
        let sql = "INSERT INTO replays (selection, topic) VALUES ($1, $2)
             ON CONFLICT (selection, topic) DO UPDATE SET run = gen_random_uuid()
             RETURNING run, after_id, after_version, stuck_id, read, published, unpublished,
                 faulty, behind";
        let selection = selection.to_string();
        let rows = self.database.query(sql, &[&selection, &topic]).await?;
        Ok(rows.first().map(position).unwrap_or_default())
    }

    /// A replay has come as far as this. False where another process has taken it up, or ended it.
    pub async fn advance(&self, to: &ReplayPosition) -> Result<bool, EventStoreError> {
        let sql = "UPDATE replays SET after_id = $2, after_version = $3, stuck_id = $4, read = $5,
                 published = $6, unpublished = $7, faulty = $8, behind = $9,
                 updated_at = clock_timestamp()
             WHERE run = $1";
        let version = to.after.1 as i64;
        let tally = &to.tally;
        let counts = [
            tally.read,
            tally.published,
            tally.unpublished,
            tally.faulty,
            tally.behind,
        ]
        .map(|count| count as i64);
        let parameters: [&(dyn ToSql + Sync); 9] = [
            &to.run,
            &to.after.0,
            &version,
            &to.stuck,
            &counts[0],
            &counts[1],
            &counts[2],
            &counts[3],
            &counts[4],
        ];
        Ok(self.database.execute(sql, &parameters).await? == 1)
    }

    /// A replay has ended.
    pub async fn end(&self, position: &ReplayPosition) -> Result<(), EventStoreError> {
        let sql = "DELETE FROM replays WHERE run = $1";
        self.database.execute(sql, &[&position.run]).await?;
        Ok(())
    }

    /// The next one begins at the beginning.
    pub async fn forget(&self, selection: &Selection, topic: &str) -> Result<(), EventStoreError> {
        let sql = "DELETE FROM replays WHERE selection = $1 AND topic = $2";
        let selection = selection.to_string();
        self.database.execute(sql, &[&selection, &topic]).await?;
        Ok(())
    }
}

fn position(row: &Row) -> ReplayPosition {
    let count = |column: usize| row.get::<_, i64>(column) as u64;
    ReplayPosition {
        run: row.get(0),
        after: (row.get(1), count(2)),
        stuck: row.get(3),
        tally: ReplayTally {
            read: count(4),
            published: count(5),
            unpublished: count(6),
            faulty: count(7),
            behind: count(8),
        },
    }
}
