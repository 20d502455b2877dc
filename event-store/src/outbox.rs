use std::time::{Duration, SystemTime};

use tokio_postgres::Row;
use uuid::Uuid;

use crate::json_text::JsonText;
use crate::published_through::FRONT;
use crate::{Database, EventStoreError, RecordHeaders};

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
    pub headers: RecordHeaders,
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
    /// By Postgres's own clock, of those that come next in their slots; zero when nothing waits.
    pub oldest: Duration,
    /// Refused records, and what waits behind them.
    pub held: u64,
    /// Keys with a refused record.
    pub keys_blocked: u64,
    /// Counting stopped: `pending` and `held` are what there is at least.
    pub and_more: bool,
}

/// What is counted in some tenths of a second, which every count after that would cost again.
const COUNTED_UP_TO: u32 = 100_000;

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
        let sql = "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint,
                 ARRAY(SELECT DISTINCT slot FROM outbox
                       WHERE next_attempt_at IS NOT NULL AND slot = ANY ($1)),
                 clock_timestamp(), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
             FROM pg_current_snapshot() AS s
             UNION ALL
             SELECT NULL, NULL, NULL, NULL, position, p.slot, id, topic, aggregate_id, version,
                 payload, headers, created_at
             FROM unnest($1::smallint[], $2::bigint[]) AS s (slot, floor),
             LATERAL (
                 SELECT *, sum(size) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) - size
                     AS before
                 FROM (
                     SELECT position, slot, id, topic, aggregate_id, version, payload, headers,
                         created_at, pg_column_size(payload) AS size
                     FROM outbox
                     WHERE slot = s.slot AND status = 'PENDING' AND position > s.floor
                       AND (NOT EXISTS (SELECT FROM outbox WHERE next_attempt_at IS NOT NULL)
                           OR (aggregate_type, aggregate_id) NOT IN (
                               SELECT aggregate_type, aggregate_id FROM outbox
                               WHERE next_attempt_at IS NOT NULL))
                     ORDER BY position LIMIT $3
                 ) AS first
             ) AS p
             WHERE p.before < $4";
        let rows = self
            .database
            .query_planned_once(sql, &[&numbers, &floors, &limit.records, &limit.bytes])
            .await?;
        let Some((snapshot, rows)) = rows.split_first() else {
            return Ok(Pending::default());
        };
        let now = snapshot.get(3);
        let records: Result<_, _> = rows.iter().map(|row| record(row, 4, now)).collect();
        Ok(Pending {
            records: records?,
            held: snapshot.get(2),
            xmin: snapshot.get(0),
            xmax: snapshot.get(1),
        })
    }

    /// `markAsPublished`: what Kafka has acknowledged is published, whoever says so. Only pending
    /// rows change. Returns how many did.
    ///
    /// The status is asked for in words that let no plan go by the index of what is pending, which
    /// is by slot.
    ///
    /// Nobody waits for the log to reach the disk: marks that Postgres loses in a crash are made
    /// again when the records have gone out once more.
    pub async fn mark_published(&self, positions: &[i64]) -> Result<u64, EventStoreError> {
        let sql = "UPDATE outbox SET status = 'PUBLISHED', published_at = clock_timestamp(),
                 next_attempt_at = NULL
             FROM (SELECT set_config('synchronous_commit', 'off', true)) AS of_this_transaction
             WHERE position = ANY ($1) AND status NOT IN ('PUBLISHED', 'FAILED')";
        self.database.execute_planned_once(sql, &[&positions]).await
    }

    pub async fn backlog(&self) -> Result<Backlog, EventStoreError> {
        self.backlog_up_to(COUNTED_UP_TO).await
    }

    /// Counts no further than that many pending rows, those behind a held one included.
    pub async fn backlog_up_to(&self, most: u32) -> Result<Backlog, EventStoreError> {
        // The order is the index's: rows that are published are not walked.
        let sql = format!(
            "SELECT count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE held),
                 (SELECT count(*) FROM outbox WHERE next_attempt_at IS NOT NULL),
                 (SELECT count(*) FROM outbox
                  WHERE next_attempt_at IS NOT NULL AND status = 'FAILED'),
                 (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(p.created_at)), 0)
                      ::float8 FROM {FRONT})
             FROM (
                 SELECT (aggregate_type, aggregate_id) IN (
                     SELECT aggregate_type, aggregate_id FROM outbox
                     WHERE next_attempt_at IS NOT NULL) AS held
                 FROM outbox WHERE status = 'PENDING'
                 ORDER BY slot, position LIMIT $1
             ) AS waiting"
        );
        let most = i64::from(most);
        let rows = self.database.query(&sql, &[&most]).await?;
        let figures = |row: &Row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        let (pending, behind, keys, failed, oldest): (i64, i64, i64, i64, f64) =
            rows.first().map_or((0, 0, 0, 0, 0.0), figures);
        Ok(Backlog {
            pending: pending as u64,
            oldest: seconds(oldest),
            held: (behind + failed) as u64,
            keys_blocked: keys as u64,
            and_more: pending + behind == most,
        })
    }
}

/// Reads position, slot, id, topic, key, version, payload, headers and time of creation from a
/// column on.
pub(crate) fn record(
    row: &Row,
    from: usize,
    now: SystemTime,
) -> Result<OutboxRecord, EventStoreError> {
    Ok(OutboxRecord {
        position: row.get(from),
        slot: row.get(from + 1),
        event_id: row.get(from + 2),
        topic: row.get(from + 3),
        key: row.get(from + 4),
        version: row.get::<_, i64>(from + 5) as u64,
        payload: row.get::<_, JsonText<'_>>(from + 6).0.to_owned(),
        headers: serde_json::from_str(row.get::<_, JsonText<'_>>(from + 7).0)?,
        // Nothing where Postgres's clock was set back.
        age: now.duration_since(row.get(from + 8)).unwrap_or_default(),
    })
}

/// Negative where the clock was set back.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()
}
