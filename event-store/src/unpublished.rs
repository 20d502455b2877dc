use tokio_postgres::Row;

use crate::{Database, EventStoreError};

/// An event that is not on the topic yet, or not known to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpublished {
    pub aggregate_id: String,
    pub version: u64,
    /// Attempts are used up: it waits for somebody, and holds its aggregate's later events.
    pub failed: bool,
}

/// All outbox rows of one type of aggregate that are not published, a page at a time. A row that
/// is not published from the first page to the last is on one of them.
pub struct UnpublishedPages {
    database: Database,
    aggregate_type: &'static str,
    next: Next,
}

/// Pending rows come first, since a pending row may turn into a failed one. Each kind is read
/// along its own partial index: published rows are by far the most, and must not be walked.
enum Next {
    Pending { slot: i16, position: i64 },
    Failed { aggregate_id: String },
    Nothing,
}

impl UnpublishedPages {
    pub fn new(database: Database, aggregate_type: &'static str) -> Self {
        Self {
            database,
            aggregate_type,
            next: Next::Pending {
                slot: -1,
                position: 0,
            },
        }
    }

    /// The next page, which may be empty; `None` after the last one.
    pub async fn next(&mut self, limit: u32) -> Result<Option<Vec<Unpublished>>, EventStoreError> {
        let aggregate_type = &self.aggregate_type;
        let limit = i64::from(limit);
        let rows = match &self.next {
            Next::Pending { slot, position } => {
                // The condition on the type comes after the limit: the index does not have it.
                let sql = "SELECT aggregate_id, version, status, aggregate_type, slot, position
                     FROM outbox WHERE status = 'PENDING' AND (slot, position) > ($1, $2)
                     ORDER BY slot, position LIMIT $3";
                let rows = self.database.query(sql, &[slot, position, &limit]).await?;
                self.next = match rows.last() {
                    Some(last) => Next::Pending {
                        slot: last.get(4),
                        position: last.get(5),
                    },
                    None => Next::Failed {
                        aggregate_id: String::new(),
                    },
                };
                rows
            }
            Next::Failed { aggregate_id } => {
                // A failed row has a `next_attempt_at`, and is the only such row of its aggregate.
                let sql = "SELECT aggregate_id, version, status, aggregate_type
                     FROM outbox WHERE next_attempt_at IS NOT NULL
                         AND aggregate_type = $1 AND aggregate_id > $2
                     ORDER BY aggregate_id LIMIT $3";
                let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                    [aggregate_type, aggregate_id, &limit];
                let rows = self.database.query(sql, &parameters).await?;
                self.next = match rows.last() {
                    Some(last) => Next::Failed {
                        aggregate_id: last.get(0),
                    },
                    None => Next::Nothing,
                };
                rows
            }
            Next::Nothing => return Ok(None),
        };
        let ours = rows
            .iter()
            .filter(|row| row.get::<_, &str>(3) == *aggregate_type);
        Ok(Some(ours.map(unpublished).collect()))
    }
}

fn unpublished(row: &Row) -> Unpublished {
    Unpublished {
        aggregate_id: row.get(0),
        version: row.get::<_, i64>(1) as u64,
        failed: row.get::<_, &str>(2) == "FAILED",
    }
}
