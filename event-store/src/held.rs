use std::time::{Duration, SystemTime};

use deadpool_postgres::Client;
use domain::contract::Stub;
use uuid::Uuid;

use crate::database::{answer, discard};
use crate::dead_letters::{Place, Source, dead_letter_id};
use crate::error::classify;
use crate::outbox::{OutboxRecord, record};
use crate::{EventStoreError, Outbox};

/// A record that was refused. It is the first unpublished one of its key, and what follows waits.
#[derive(Clone, Debug)]
pub struct HeldRecord {
    /// With its original payload.
    pub record: OutboxRecord,
    /// Until it may be tried again; zero when that is now.
    pub wait: Duration,
    /// As it was read. Whoever acts on the record meanwhile changes it.
    pub due: SystemTime,
    /// Given up on the desk: its stub goes out in its place.
    pub discarded: bool,
}

/// When a refused record is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// After the first attempt; it doubles.
    pub first: Duration,
    /// With the first one. After the last, the row is FAILED and a dead letter is written.
    pub attempts: u32,
    /// Between attempts of a FAILED row; `None` waits until somebody acts on the dead letter.
    pub failed: Option<Duration>,
}

/// The lease under which a relay speaks for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLease {
    pub slot: i16,
    pub epoch: i64,
}

/// What became of a row that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is tried again, for the `attempts + 1`th time.
    Again { attempts: u32 },
    /// FAILED. `new`: the dead letter is written now, and not only counted up.
    DeadLetter { id: Uuid, new: bool },
    /// The slot has another holder, the row was published, or somebody acted on it during the
    /// attempt: nothing was changed.
    NotOurs,
}

impl HeldRecord {
    /// What has to go out: the payload, or the stub of an event that was given up. A payload
    /// without an envelope has no stub, and goes out as it is.
    pub fn payload(&self) -> Result<String, EventStoreError> {
        match Stub::of(self.record.payload.as_bytes()) {
            Some(stub) if self.discarded => Ok(stub.to_json()?),
            _ => Ok(self.record.payload.clone()),
        }
    }
}

impl Outbox {
    /// Refused records of these slots, the next due first. Those that wait for somebody are not
    /// among them.
    pub async fn held(
        &self,
        slots: &[i16],
        limit: i64,
    ) -> Result<Vec<HeldRecord>, EventStoreError> {
        let sql = "SELECT o.position, o.slot, o.id, o.topic, o.aggregate_id, o.version,
                 o.payload, o.headers, o.created_at, o.next_attempt_at,
                 coalesce(d.state = 'discarded', false), clock_timestamp()
             FROM outbox AS o LEFT JOIN dead_letters AS d ON d.outbox_id = o.id
             WHERE o.next_attempt_at IS NOT NULL AND o.next_attempt_at < 'infinity'
               AND o.slot = ANY ($1)
             ORDER BY o.next_attempt_at LIMIT $2";
        let rows = self.database.query(sql, &[&slots, &limit]).await?;
        rows.iter()
            .map(|row| {
                let (due, now): (SystemTime, _) = (row.get(9), row.get(11));
                Ok(HeldRecord {
                    record: record(row, 0, now)?,
                    wait: due.duration_since(now).unwrap_or_default(),
                    due,
                    discarded: row.get(10),
                })
            })
            .collect()
    }

    /// Whether a refused record of this aggregate keeps the ones behind it back.
    pub async fn holds_back(
        &self,
        aggregate_type: &str,
        aggregate_id: &str,
    ) -> Result<bool, EventStoreError> {
        let sql = "SELECT FROM outbox WHERE aggregate_type = $1 AND aggregate_id = $2
             AND next_attempt_at IS NOT NULL";
        let rows = self
            .database
            .query(sql, &[&aggregate_type, &aggregate_id])
            .await?;
        Ok(!rows.is_empty())
    }

    /// `markAsFailed`: counts an attempt that Kafka refused, and with the last one writes the dead
    /// letter in the same transaction. Only for the holder of the slot's lease, and only while the
    /// row is as it was read: `due` then, `None` of one that had not been refused.
    ///
    /// A stub that is refused too is on the desk again, open: nobody else could act on it.
    pub async fn mark_refused(
        &self,
        refused: &OutboxRecord,
        due: Option<SystemTime>,
        lease: SlotLease,
        error: &str,
        retries: &Retries,
    ) -> Result<Refused, EventStoreError> {
        let place = Place::Outbox(refused.event_id);
        let id = dead_letter_id(Source::Relay, &refused.topic, place);
        let error = error.replace('\0', "\u{fffd}");
        let sql = "WITH lease AS (
                 SELECT slot FROM relay_slots WHERE slot = $2 AND epoch = $3 FOR SHARE
             ),
             refused AS (
                 UPDATE outbox SET attempts = attempts + 1, last_error = $5,
                     status = CASE WHEN attempts + 1 < $6 AND status = 'PENDING'
                                   THEN 'PENDING' ELSE 'FAILED' END,
                     next_attempt_at = CASE WHEN attempts + 1 < $6 AND status = 'PENDING'
                         THEN clock_timestamp() + $7 * interval '1 s' * 2 ^ attempts
                         ELSE coalesce(clock_timestamp() + $8 * interval '1 s', 'infinity') END
                 FROM lease
                 WHERE outbox.slot = lease.slot AND position = $1 AND status <> 'PUBLISHED'
                   AND next_attempt_at IS NOT DISTINCT FROM $9
                 RETURNING outbox.*
             ),
             dead AS (
                 INSERT INTO dead_letters (id, source, reason, error_message, topic, outbox_id, key,
                     value, header_names, header_values, aggregate_type, aggregate_id, version,
                     event_type, retry_count, metadata)
                 SELECT $4, 'relay', 'max_retries_exceeded', $5, topic, id,
                     convert_to(aggregate_id, 'UTF8'), convert_to(payload::text, 'UTF8'),
                     ARRAY(SELECT key FROM json_each_text(headers)),
                     ARRAY(SELECT convert_to(value, 'UTF8') FROM json_each_text(headers)),
                     aggregate_type, aggregate_id, version, event_type, attempts - 1,
                     jsonb_build_object('position', position, 'slot', slot)
                 FROM refused WHERE status = 'FAILED'
                 ON CONFLICT (id) DO UPDATE
                 SET error_message = excluded.error_message, retry_count = excluded.retry_count,
                     last_attempt_at = clock_timestamp(),
                     state = 'open', state_since = CASE dead_letters.state
                         WHEN 'open' THEN dead_letters.state_since ELSE clock_timestamp() END
                 RETURNING xmax = 0 AS new
             )
             SELECT refused.status, refused.attempts, dead.new
             FROM refused LEFT JOIN dead ON true";
        let failed = retries.failed.map(|wait| wait.as_secs_f64());
        let rows = self
            .database
            .query(
                sql,
                &[
                    &refused.position,
                    &lease.slot,
                    &lease.epoch,
                    &id,
                    &error,
                    &(retries.attempts as i32),
                    &retries.first.as_secs_f64(),
                    &failed,
                    &due,
                ],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(Refused::NotOurs);
        };
        Ok(match row.get::<_, &str>(0) {
            "FAILED" => Refused::DeadLetter {
                id,
                new: row.get::<_, Option<bool>>(2).unwrap_or_default(),
            },
            _ => Refused::Again {
                attempts: row.get::<_, i32>(1) as u32,
            },
        })
    }

    /// A refused record has gone out after all, whole or as a stub: it holds its key no longer,
    /// and its dead letter, if it had come to one, is closed.
    pub async fn release(&self, position: i64, as_stub: bool) -> Result<(), EventStoreError> {
        let mut client = self.database.client().await?;
        match answer(released(&mut client, position, as_stub)).await {
            Ok(released) => released.map_err(|e| classify(&e)),
            Err(late) => Err(discard(client, late)),
        }
    }
}

/// Two statements: the second sees the dead letter of a relay that failed the row while the first
/// waited for its lock.
async fn released(
    client: &mut Client,
    position: i64,
    as_stub: bool,
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    let sql = "UPDATE outbox SET status = 'PUBLISHED', published_at = clock_timestamp(),
             next_attempt_at = NULL
         WHERE position = $1 AND status <> 'PUBLISHED' RETURNING id";
    let statement = transaction.prepare_cached(sql).await?;
    if let Some(row) = transaction.query_opt(&statement, &[&position]).await? {
        let id: Uuid = row.get(0);
        let sql = "UPDATE dead_letters
             SET state = CASE WHEN $2 THEN 'discarded' ELSE 'resolved' END,
                 last_attempt_at = clock_timestamp(),
                 state_since = CASE WHEN $2 AND state = 'discarded' THEN state_since
                                    ELSE clock_timestamp() END
             WHERE outbox_id = $1";
        let statement = transaction.prepare_cached(sql).await?;
        transaction.execute(&statement, &[&id, &as_stub]).await?;
    }
    transaction.commit().await
}
