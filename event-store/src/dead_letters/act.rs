use deadpool_postgres::{Client, Transaction};
use serde::Deserialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::item::{RECORD_COLUMNS, SUMMARY_COLUMNS, dead_letter, name};
use super::record::text;
use super::{DeadLetter, DeadLetters, DeskError, Source, State};
#[cfg(doc)]
use crate::EventStoreError;
use crate::database::{answer, discard};
use crate::{IdempotencyKeys, IdempotencyRecord};

/// How long the name of who acts may be.
pub const BY_MAX_CHARS: usize = 128;
/// How long the reason of a discard may be.
pub const REASON_MAX_CHARS: usize = 500;

/// What is to become of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Its owner tries again on its next turn. What is requeued already stays so.
    Requeue,
    /// The record is given up. In the place of a relay's item a stub is published, so that its
    /// aggregate's later events can follow.
    Discard { reason: &'a str },
}

/// What is answered about the item as it is then, to be kept under its key.
pub type KeepItem<'a> = dyn Fn(&DeadLetter) -> IdempotencyRecord + Sync + 'a;

impl DeadLetters {
    pub async fn requeue(&self, id: Uuid, by: &str) -> Result<DeadLetter, DeskError> {
        self.act(id, by, Action::Requeue, None).await
    }

    pub async fn discard(&self, id: Uuid, by: &str, reason: &str) -> Result<DeadLetter, DeskError> {
        self.act(id, by, Action::Discard { reason }, None).await
    }

    /// With `keep` the answer is kept by the transaction that acts. Where its key is taken nothing
    /// is done, and [`EventStoreError::IdempotencyKeyTaken`] says so.
    pub async fn act(
        &self,
        id: Uuid,
        by: &str,
        action: Action<'_>,
        keep: Option<&KeepItem<'_>>,
    ) -> Result<DeadLetter, DeskError> {
        let mut client = self.database.client().await?;
        match answer(transact(&mut client, id, by, action, keep)).await {
            Ok(item) => item,
            Err(late) => Err(discard(client, late).into()),
        }
    }
}

/// Locks the outbox row before the item, as the relay does. A transaction that is dropped is
/// rolled back.
async fn transact(
    client: &mut Client,
    id: Uuid,
    by: &str,
    action: Action<'_>,
    keep: Option<&KeepItem<'_>>,
) -> Result<DeadLetter, DeskError> {
    let transaction = client.transaction().await?;
    let row = change(&transaction, id, by, action).await?;
    let item = dead_letter(&row)?;
    if let Some(keep) = keep {
        IdempotencyKeys::keep_within(&transaction, &keep(&item)).await?;
    }
    transaction.commit().await?;
    Ok(item)
}

async fn change(
    transaction: &Transaction<'_>,
    id: Uuid,
    by: &str,
    action: Action<'_>,
) -> Result<Row, DeskError> {
    let (is_relays, held) = lock_outbox(transaction, id).await?;
    let sql = format!(
        "SELECT {SUMMARY_COLUMNS}, {RECORD_COLUMNS} FROM dead_letters WHERE id = $1 FOR UPDATE"
    );
    let item = one(transaction, &sql, &[&id]).await?;
    let item = item.ok_or(DeskError::NotFound(id))?;
    match name(&item, 4)? {
        state @ (State::Discarded | State::Resolved) => {
            return Err(DeskError::Settled { id, state });
        }
        // The row was published.
        State::Open | State::Requeued if is_relays && held.is_none() => {
            let state = State::Resolved;
            return Err(DeskError::Settled { id, state });
        }
        State::Requeued if matches!(action, Action::Requeue) => return Ok(item),
        State::Open | State::Requeued => {}
    }
    let (state, reason) = match action {
        Action::Requeue => (State::Requeued, None),
        Action::Discard { reason } => (State::Discarded, Some(text(reason))),
    };
    if state == State::Discarded && name::<Source>(&item, 2)? == Source::Projector {
        refuse_stored_event(transaction, id).await?;
    }
    if let Some(position) = held {
        let sql = "UPDATE outbox SET next_attempt_at = clock_timestamp() WHERE position = $1";
        let statement = transaction.prepare_cached(sql).await?;
        transaction.execute(&statement, &[&position]).await?;
    }
    let sql = format!(
        "UPDATE dead_letters
         SET state = $2, acted_by = $3, action_reason = $4, state_since = clock_timestamp()
         WHERE id = $1 RETURNING {SUMMARY_COLUMNS}, {RECORD_COLUMNS}"
    );
    let changes: [&(dyn ToSql + Sync); 4] = [&id, &state.as_str(), &text(by), &reason];
    let item = one(transaction, &sql, &changes).await?;
    item.ok_or(DeskError::NotFound(id))
}

/// Whether the item is a relay's, and the position of its outbox row where that is still FAILED.
async fn lock_outbox(
    transaction: &Transaction<'_>,
    id: Uuid,
) -> Result<(bool, Option<i64>), DeskError> {
    let sql = "SELECT outbox_id, aggregate_type, aggregate_id, version FROM dead_letters
         WHERE id = $1";
    let item = one(transaction, sql, &[&id]).await?;
    let item = item.ok_or(DeskError::NotFound(id))?;
    let Some(outbox_id) = item.get::<_, Option<Uuid>>(0) else {
        return Ok((false, None));
    };
    let stream: (Option<&str>, Option<&str>, Option<i64>) = (item.get(1), item.get(2), item.get(3));
    let sql = "SELECT position FROM outbox
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND version = $3
           AND id = $4 AND status = 'FAILED' AND next_attempt_at IS NOT NULL
         FOR UPDATE";
    let key: [&(dyn ToSql + Sync); 4] = [&stream.0, &stream.1, &stream.2, &outbox_id];
    let row = one(transaction, sql, &key).await?;
    Ok((true, row.map(|row| row.get(0))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    event_id: Uuid,
}

/// A projection is a fold over all that is stored. (A participant may pass over what others tell, and
/// its topics are theirs.) Junk may name an event that is stored: only with that event's id is the
/// record the event.
async fn refuse_stored_event(transaction: &Transaction<'_>, id: Uuid) -> Result<(), DeskError> {
    let sql = "SELECT aggregate_type, aggregate_id, version, value FROM dead_letters AS d
         WHERE id = $1 AND EXISTS (
             SELECT FROM events AS e WHERE e.aggregate_type = d.aggregate_type
               AND e.aggregate_id = d.aggregate_id AND e.sequence = d.version)";
    let Some(row) = one(transaction, sql, &[&id]).await? else {
        return Ok(());
    };
    let event_id = domain::event_id(row.get(0), row.get(1), row.get::<_, i64>(2) as u64);
    let value: Option<&[u8]> = row.get(3);
    let carried = value.and_then(|value| serde_json::from_slice::<Identity>(value).ok());
    match carried {
        Some(identity) if identity.event_id == event_id => {
            Err(DeskError::StoredEvent { id, event_id })
        }
        _ => Ok(()),
    }
}

async fn one(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Option<Row>, tokio_postgres::Error> {
    let statement = transaction.prepare_cached(sql).await?;
    transaction.query_opt(&statement, parameters).await
}
