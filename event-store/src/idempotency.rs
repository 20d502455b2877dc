use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

use crate::error::classify;
use crate::{Database, EventStoreError};

/// How long an answer is kept, where nobody says otherwise.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What a caller is answered, now and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A key with the answer to be kept under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Whose key it is: two callers may choose the same one.
    pub caller: String,
    pub key: String,
    /// Of the request, to tell a repetition from another request under the same key.
    pub fingerprint: Vec<u8>,
    pub answer: StoredAnswer,
    pub kept_for: Duration,
}

/// What is found under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub fingerprint: Vec<u8>,
    pub answer: StoredAnswer,
}

/// DO UPDATE locks the row it meets, so an expired one has one successor.
const KEEP: &str = "INSERT INTO idempotency_keys AS k
         (caller, key, fingerprint, status, headers, body, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 s')
     ON CONFLICT (caller, key) DO UPDATE
     SET fingerprint = excluded.fingerprint, status = excluded.status,
         headers = excluded.headers, body = excluded.body,
         created_at = excluded.created_at, expires_at = excluded.expires_at
     WHERE k.expires_at <= now()";

/// What [`KEEP`] is given.
struct Columns<'a> {
    record: &'a IdempotencyRecord,
    status: i16,
    headers: Json<&'a BTreeMap<String, String>>,
    kept_for: f64,
}

impl<'a> Columns<'a> {
    fn of(record: &'a IdempotencyRecord) -> Self {
        Self {
            record,
            status: record.answer.status as i16,
            headers: Json(&record.answer.headers),
            kept_for: record.kept_for.as_secs_f64(),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 7] {
        [
            &self.record.caller,
            &self.record.key,
            &self.record.fingerprint,
            &self.status,
            &self.headers,
            &self.record.answer.body,
            &self.kept_for,
        ]
    }
}

fn kept_one(rows: u64) -> Result<(), EventStoreError> {
    match rows {
        0 => Err(EventStoreError::IdempotencyKeyTaken),
        _ => Ok(()),
    }
}

/// The answers kept for commands that may be sent again.
#[derive(Clone)]
pub struct IdempotencyKeys {
    database: Database,
}

impl IdempotencyKeys {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// What is kept under a key, unless it has expired.
    pub async fn lookup(
        &self,
        caller: &str,
        key: &str,
    ) -> Result<Option<KeptAnswer>, EventStoreError> {
        let sql = "SELECT fingerprint, status, headers, body FROM idempotency_keys
                   WHERE caller = $1 AND key = $2 AND expires_at > now()";
        let rows = self.database.query(sql, &[&caller, &key]).await?;
        Ok(rows.first().map(kept))
    }

    /// Keeps the answer of a command that appends nothing. The loser of a race gets
    /// [`EventStoreError::IdempotencyKeyTaken`] and changes nothing.
    pub async fn keep(&self, record: &IdempotencyRecord) -> Result<(), EventStoreError> {
        let columns = Columns::of(record);
        kept_one(self.database.execute(KEEP, &columns.parameters()).await?)
    }

    /// The same as a part of what the answer is about: it is kept if that is done, and a loser has
    /// to roll back what it did.
    pub(crate) async fn keep_within(
        transaction: &Transaction<'_>,
        record: &IdempotencyRecord,
    ) -> Result<(), EventStoreError> {
        let columns = Columns::of(record);
        let kept = async {
            let statement = transaction.prepare_cached(KEEP).await?;
            transaction.execute(&statement, &columns.parameters()).await
        };
        kept_one(kept.await.map_err(|error| classify(&error))?)
    }

    /// Deletes up to `limit` rows that have expired, and returns how many it was.
    pub async fn delete_expired(&self, limit: i64) -> Result<u64, EventStoreError> {
        let sql = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
                       SELECT ctid FROM idempotency_keys WHERE expires_at <= now()
                       ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))";
        self.database.execute(sql, &[&limit]).await
    }
}

fn kept(row: &Row) -> KeptAnswer {
    let Json(headers) = row.get(2);
    KeptAnswer {
        fingerprint: row.get(0),
        answer: StoredAnswer {
            status: row.get::<_, i16>(1) as u16,
            headers,
            body: row.get(3),
        },
    }
}
