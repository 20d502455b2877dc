use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::unpublished::headers;
use super::{DeadLetters, OriginalRecord, Source};
use crate::EventStoreError;

/// An item that its owner may try again.
#[derive(Clone, Debug)]
pub struct WaitingDeadLetter {
    pub id: Uuid,
    /// In the table: pages go on from it.
    pub position: i64,
    /// Of the record, where it was read; a relay's item has none.
    pub place: Option<(i32, i64)>,
    pub original: OriginalRecord,
}

impl DeadLetters {
    /// Items of a source that somebody wants tried again, the oldest first.
    pub async fn requeued(
        &self,
        source: Source,
        limit: i64,
    ) -> Result<Vec<WaitingDeadLetter>, EventStoreError> {
        let which = "state = 'requeued'";
        self.waiting(which, &[&source.as_str(), &limit]).await
    }

    /// The same, of records that have no key.
    pub async fn requeued_without_key(
        &self,
        source: Source,
        limit: i64,
    ) -> Result<Vec<WaitingDeadLetter>, EventStoreError> {
        let which = "state = 'requeued' AND key IS NULL";
        self.waiting(which, &[&source.as_str(), &limit]).await
    }

    /// Open items of a source with one of these faults in their metadata, a page of them.
    pub async fn open_with_fault(
        &self,
        source: Source,
        faults: &[&str],
        after: i64,
        limit: i64,
    ) -> Result<Vec<WaitingDeadLetter>, EventStoreError> {
        let which = "state = 'open' AND metadata ->> 'fault' = ANY ($3) AND position > $4";
        self.waiting(which, &[&source.as_str(), &limit, &faults, &after])
            .await
    }

    async fn waiting(
        &self,
        which: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<WaitingDeadLetter>, EventStoreError> {
        let sql = format!(
            "SELECT id, position, partition, \"offset\", topic, key, value, header_names,
                 header_values
             FROM dead_letters WHERE source = $1 AND {which} ORDER BY position LIMIT $2"
        );
        let rows = self.database.query(&sql, parameters).await?;
        Ok(rows.iter().map(item).collect())
    }

    /// Gives an open item to its owner to try again, without anybody having asked.
    pub async fn requeue_as(&self, id: Uuid, by: &str, why: &str) -> Result<(), EventStoreError> {
        let sql = "UPDATE dead_letters SET state = 'requeued', acted_by = $2, action_reason = $3,
                 state_since = clock_timestamp()
             WHERE id = $1 AND state = 'open'";
        self.database.execute(sql, &[&id, &by, &why]).await?;
        Ok(())
    }

    /// The item's owner has done what was to be done.
    pub async fn resolve(&self, id: Uuid) -> Result<(), EventStoreError> {
        let sql = "UPDATE dead_letters SET state = 'resolved', state_since = clock_timestamp(),
                 last_attempt_at = clock_timestamp(), retry_count = retry_count + 1
             WHERE id = $1 AND state IN ('open', 'requeued')";
        self.database.execute(sql, &[&id]).await?;
        Ok(())
    }

    /// Puts a settled item on the desk again: it holds back something after all. False where
    /// there is no such item any more.
    pub async fn reopen(&self, id: Uuid, error: &str) -> Result<bool, EventStoreError> {
        let sql = "UPDATE dead_letters SET state = 'open', state_since = clock_timestamp(),
                 last_attempt_at = clock_timestamp(), retry_count = retry_count + 1,
                 error_message = $2
             WHERE id = $1 AND state IN ('discarded', 'resolved')";
        let error = error.replace('\0', "\u{fffd}");
        Ok(self.database.execute(sql, &[&id, &error]).await? > 0)
    }

    /// The owner tried again, and it failed again: the same item, with its count raised.
    pub async fn failed_again(&self, id: Uuid, error: &str) -> Result<(), EventStoreError> {
        let sql = "UPDATE dead_letters SET state = 'open', state_since = clock_timestamp(),
                 last_attempt_at = clock_timestamp(), retry_count = retry_count + 1,
                 error_message = $2
             WHERE id = $1 AND state = 'requeued'";
        let error = error.replace('\0', "\u{fffd}");
        self.database.execute(sql, &[&id, &error]).await?;
        Ok(())
    }
}

fn item(row: &Row) -> WaitingDeadLetter {
    let partition: Option<i32> = row.get(2);
    let offset: Option<i64> = row.get(3);
    WaitingDeadLetter {
        id: row.get(0),
        position: row.get(1),
        place: partition.zip(offset),
        original: OriginalRecord {
            topic: row.get(4),
            key: row.get(5),
            value: row.get(6),
            headers: headers(row, 7),
        },
    }
}
