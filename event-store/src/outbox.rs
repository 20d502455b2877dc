use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, EventStoreError};

/// The rows between the store and Kafka, of whatever aggregate.
#[derive(Clone)]
pub struct Outbox {
    database: Database,
}

/// A record as it has to go out.
#[derive(Clone, Debug)]
pub struct OutboxRecord {
    pub position: i64,
    pub event_id: Uuid,
    pub topic: String,
    /// The aggregate's id.
    pub key: String,
    pub version: u64,
    pub payload: String,
    pub headers: BTreeMap<String, String>,
}

/// What waits to be published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    pub pending: u64,
    /// By Postgres's own clock; zero when nothing waits.
    pub oldest: Duration,
}

impl Outbox {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Pending records of some slots, at most `per_slot` of each: of each key a gapless run of
    /// versions from the first one that is not marked, in order.
    pub async fn pending(
        &self,
        slots: &[i16],
        per_slot: i64,
    ) -> Result<Vec<OutboxRecord>, EventStoreError> {
        let sql = "SELECT r.* FROM unnest($1::smallint[]) AS s (slot),
             LATERAL (
                 SELECT position, id, topic, aggregate_id, version, payload::text, headers::text
                 FROM outbox WHERE slot = s.slot AND status = 'PENDING'
                 ORDER BY position LIMIT $2
             ) AS r";
        let rows = self.database.query(sql, &[&slots, &per_slot]).await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxRecord {
                    position: row.get(0),
                    event_id: row.get(1),
                    topic: row.get(2),
                    key: row.get(3),
                    version: row.get::<_, i64>(4) as u64,
                    payload: row.get(5),
                    headers: serde_json::from_str(row.get(6))?,
                })
            })
            .collect()
    }

    /// What Kafka has acknowledged is published, whoever says so: only pending rows change.
    /// Returns how many did.
    pub async fn mark_published(&self, positions: &[i64]) -> Result<u64, EventStoreError> {
        let sql = "UPDATE outbox SET status = 'PUBLISHED', published_at = clock_timestamp()
             WHERE position = ANY ($1) AND status = 'PENDING'";
        self.database.execute(sql, &[&positions]).await
    }

    pub async fn backlog(&self) -> Result<Backlog, EventStoreError> {
        let sql = "SELECT count(*),
                 coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
             FROM outbox WHERE status = 'PENDING'";
        let rows = self.database.query(sql, &[]).await?;
        let figures = |row: &Row| (row.get::<_, i64>(0), row.get::<_, f64>(1));
        let (pending, oldest) = rows.first().map_or((0, 0.0), figures);
        Ok(Backlog {
            pending: pending as u64,
            oldest: Duration::from_secs_f64(oldest.max(0.0)),
        })
    }
}
