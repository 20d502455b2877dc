use std::collections::HashSet;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::dead_letters::{OriginalRecord, text};
use crate::{Database, EventStoreError};

/// Where a consumer keeps what waits behind a record that it could not take in.
#[derive(Clone)]
pub struct WaitingRecords {
    database: Database,
    consumer: &'static str,
}

/// A record of a blocked key.
#[derive(Clone, Debug)]
pub struct WaitingRecord {
    /// In the order they came in; unknown before it is stored.
    pub position: i64,
    pub original: OriginalRecord,
    pub partition: i32,
    pub offset: i64,
    /// Of the record that could not be taken in; `None` where it only waits behind one.
    pub dead_letter_id: Option<Uuid>,
    /// Somebody gave the dead letter up, or it is settled otherwise.
    pub is_given_up: bool,
}

impl WaitingRecords {
    pub fn new(database: Database, consumer: &'static str) -> Self {
        Self { database, consumer }
    }

    /// Which of these keys are blocked.
    pub async fn blocked(&self, keys: &[&[u8]]) -> Result<HashSet<Vec<u8>>, EventStoreError> {
        let sql = "SELECT DISTINCT w.key FROM unnest($2::bytea[]) AS k (key), LATERAL (
                 SELECT key FROM waiting_records
                 WHERE consumer = $1 AND key = k.key LIMIT 1
             ) AS w";
        let parameters: [&(dyn ToSql + Sync); 2] = [&self.consumer, &keys];
        let rows = self.database.query_planned_once(sql, &parameters).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Keeps a record that has a key, behind those of its key that are here. One that is here
    /// already stays where it is.
    pub async fn keep(&self, record: &WaitingRecord) -> Result<(), EventStoreError> {
        let original = &record.original;
        let names: Vec<String> = original.headers.iter().map(|(n, _)| text(n)).collect();
        let values: Vec<Option<&[u8]>> =
            original.headers.iter().map(|(_, v)| v.as_deref()).collect();
        let sql = "INSERT INTO waiting_records (consumer, key, topic, partition, \"offset\", value,
                 header_names, header_values, dead_letter_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT ON CONSTRAINT waiting_records_place_key DO NOTHING";
        let parameters: [&(dyn ToSql + Sync); 9] = [
            &self.consumer,
            &original.key,
            &text(&original.topic),
            &record.partition,
            &record.offset,
            &original.value,
            &names,
            &values,
            &record.dead_letter_id,
        ];
        self.database.execute(sql, &parameters).await?;
        Ok(())
    }

    /// The first record of each blocked key whose turn it is: it waits for nobody, its dead letter
    /// is to be tried again, or was given up and is to make room.
    pub async fn first_in_turn(&self, limit: i64) -> Result<Vec<WaitingRecord>, EventStoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM (
                 SELECT DISTINCT ON (key) * FROM waiting_records WHERE consumer = $1
                 ORDER BY key, position
             ) AS w
             LEFT JOIN dead_letters d ON d.id = w.dead_letter_id
             WHERE d.state IS NULL OR d.state <> 'open' ORDER BY w.position LIMIT $2"
        );
        let rows = self.database.query(&sql, &[&self.consumer, &limit]).await?;
        Ok(rows.iter().map(record).collect())
    }

    /// It could not be taken in either.
    pub async fn mark(&self, position: i64, dead_letter: Uuid) -> Result<(), EventStoreError> {
        let sql = "UPDATE waiting_records SET dead_letter_id = $2 WHERE position = $1";
        self.database
            .execute(sql, &[&position, &dead_letter])
            .await?;
        Ok(())
    }

    /// It waits no longer. Once a key has no record here any more, it is not blocked.
    pub async fn release(&self, position: i64) -> Result<(), EventStoreError> {
        let sql = "DELETE FROM waiting_records WHERE position = $1";
        self.database.execute(sql, &[&position]).await?;
        Ok(())
    }

    /// How many keys are blocked.
    pub async fn blocked_keys(&self) -> Result<u64, EventStoreError> {
        let sql = "SELECT count(DISTINCT key) FROM waiting_records WHERE consumer = $1";
        let rows = self.database.query(sql, &[&self.consumer]).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0) as u64))
    }
}

const COLUMNS: &str = "w.position, w.key, w.topic, w.partition, w.\"offset\", w.value,
     w.header_names, w.header_values, w.dead_letter_id,
     w.dead_letter_id IS NOT NULL AND coalesce(d.state, 'resolved') <> 'requeued'";

fn record(row: &Row) -> WaitingRecord {
    let names: Vec<String> = row.get(6);
    let values: Vec<Option<Vec<u8>>> = row.get(7);
    WaitingRecord {
        position: row.get(0),
        original: OriginalRecord {
            topic: row.get(2),
            key: row.get(1),
            value: row.get(5),
            headers: names.into_iter().zip(values).collect(),
        },
        partition: row.get(3),
        offset: row.get(4),
        dead_letter_id: row.get(8),
        is_given_up: row.get(9),
    }
}
