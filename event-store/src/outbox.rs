use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Database, EventStoreError};

/// The rows between the store and Kafka, of whatever aggregate.
#[derive(Clone)]
pub struct Outbox {
    pub(crate) database: Database,
}

/// A record as it has to go out.
#[derive(Clone, Debug)]
pub struct OutboxRecord {
    pub position: i64,
    pub slot: i16,
    pub event_id: Uuid,
    pub topic: String,
    /// The aggregate's id.
    pub key: String,
    pub version: u64,
    pub payload: String,
    pub headers: BTreeMap<String, String>,
    /// From the append to the reading, by Postgres's own clock.
    pub age: Duration,
}

/// A slot to be read, from above a position below which nothing of it is left.
#[derive(Clone, Copy, Debug)]
pub struct SlotFloor {
    pub slot: i16,
    pub floor: i64,
}

/// How much of one slot is read at once. Its first record is read whatever its size.
#[derive(Clone, Copy, Debug)]
pub struct PerSlot {
    pub records: i64,
    pub bytes: i64,
}

/// What one look at the outbox found.
#[derive(Debug, Default)]
pub struct Pending {
    /// By slot, and in a slot by position: of each key a gapless run of versions from the first
    /// one that is not marked.
    pub records: Vec<OutboxRecord>,
    /// Slots in which a key is held: records behind it may be pending and were left out.
    pub held: Vec<i16>,
    /// Transactions below it had ended when this was read.
    pub xmin: i64,
    /// Transactions from it on had not begun.
    pub xmax: i64,
}

/// What waits to be published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Without what is held.
    pub pending: u64,
    /// Of those, by Postgres's own clock; zero when nothing waits.
    pub oldest: Duration,
    /// Refused records, and what waits behind them.
    pub held: u64,
    /// Keys with a refused record.
    pub keys_blocked: u64,
}

impl Outbox {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// `findPendingEventsForProcessing`: pending records of some slots. Keys with a refused record
    /// are left out, so that what waits behind one fills no slot's share.
    pub async fn pending(
        &self,
        slots: &[SlotFloor],
        limit: PerSlot,
    ) -> Result<Pending, EventStoreError> {
        let numbers: Vec<i16> = slots.iter().map(|s| s.slot).collect();
        let floors: Vec<i64> = slots.iter().map(|s| s.floor).collect();
        let sql = "WITH snapshot AS MATERIALIZED (
                 SELECT pg_snapshot_xmin(s)::text::bigint AS xmin,
                     pg_snapshot_xmax(s)::text::bigint AS xmax,
                     ARRAY(SELECT DISTINCT slot FROM outbox
                           WHERE next_attempt_at IS NOT NULL AND slot = ANY ($1)) AS held
                 FROM pg_current_snapshot() AS s
             )
             SELECT snapshot.*, r.* FROM snapshot LEFT JOIN (
                 SELECT p.* FROM unnest($1::smallint[], $2::bigint[]) AS s (slot, floor),
                 LATERAL (
                     SELECT *, sum(size) OVER (ORDER BY position) - size AS before
                     FROM (
                         SELECT position, slot, id, topic, aggregate_id, version, payload::text,
                             headers::text, pg_column_size(payload) AS size,
                             extract(epoch FROM clock_timestamp() - created_at)::float8 AS age
                         FROM outbox
                         WHERE slot = s.slot AND status = 'PENDING' AND position > s.floor
                           AND (aggregate_type, aggregate_id) NOT IN (
                               SELECT aggregate_type, aggregate_id FROM outbox
                               WHERE next_attempt_at IS NOT NULL)
                         ORDER BY position LIMIT $3
                     ) AS first
                 ) AS p
                 WHERE p.before < $4
             ) AS r ON true";
        let rows = self
            .database
            .query(sql, &[&numbers, &floors, &limit.records, &limit.bytes])
            .await?;
        let Some(first) = rows.first() else {
            return Ok(Pending::default());
        };
        let mut pending = Pending {
            xmin: first.get(0),
            xmax: first.get(1),
            held: first.get(2),
            records: Vec::with_capacity(rows.len()),
        };
        for row in &rows {
            // The one row of an empty outbox carries the snapshot alone.
            if row.get::<_, Option<i64>>(3).is_some() {
                pending.records.push(record(row, 3)?);
            }
        }
        Ok(pending)
    }

    /// `markAsPublished`: what Kafka has acknowledged is published, whoever says so. Only pending
    /// rows change. Returns how many did.
    pub async fn mark_published(&self, positions: &[i64]) -> Result<u64, EventStoreError> {
        let sql = "UPDATE outbox SET status = 'PUBLISHED', published_at = clock_timestamp(),
                 next_attempt_at = NULL
             WHERE position = ANY ($1) AND status = 'PENDING'";
        self.database.execute(sql, &[&positions]).await
    }

    pub async fn backlog(&self) -> Result<Backlog, EventStoreError> {
        let sql = "SELECT count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE held),
                 coalesce(extract(epoch FROM clock_timestamp() - min(created_at)
                     FILTER (WHERE NOT held)), 0)::float8,
                 (SELECT count(*) FROM outbox WHERE next_attempt_at IS NOT NULL)
             FROM (
                 SELECT created_at, (aggregate_type, aggregate_id) IN (
                     SELECT aggregate_type, aggregate_id FROM outbox
                     WHERE next_attempt_at IS NOT NULL) AS held
                 FROM outbox WHERE status = 'PENDING' OR next_attempt_at IS NOT NULL
             ) AS waiting";
        let rows = self.database.query(sql, &[]).await?;
        let figures = |row: &Row| (row.get(0), row.get(1), row.get(2), row.get(3));
        let (pending, held, oldest, keys): (i64, i64, f64, i64) =
            rows.first().map_or((0, 0, 0.0, 0), figures);
        Ok(Backlog {
            pending: pending as u64,
            oldest: seconds(oldest),
            held: held as u64,
            keys_blocked: keys as u64,
        })
    }
}

/// Reads position, slot, id, topic, key, version, payload, headers, size, age from a column on.
pub(crate) fn record(row: &Row, from: usize) -> Result<OutboxRecord, EventStoreError> {
    Ok(OutboxRecord {
        position: row.get(from),
        slot: row.get(from + 1),
        event_id: row.get(from + 2),
        topic: row.get(from + 3),
        key: row.get(from + 4),
        version: row.get::<_, i64>(from + 5) as u64,
        payload: row.get(from + 6),
        headers: serde_json::from_str(row.get(from + 7))?,
        age: seconds(row.get(from + 9)),
    })
}

/// Negative where the clock was set back.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()
}
