use domain::OccurredOn;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{DeadLetters, OriginalRecord};
use crate::EventStoreError;

/// An item that is not on the dead-letter topic yet.
#[derive(Clone, Debug)]
pub struct UnpublishedDeadLetter {
    pub id: Uuid,
    pub source: String,
    pub reason: String,
    pub error_message: String,
    /// Of the record, where it was read; a relay's item has none.
    pub place: Option<(i32, i64)>,
    pub retry_count: u32,
    pub failed_at: OccurredOn,
    pub original: OriginalRecord,
}

impl DeadLetters {
    /// The oldest items that are not on the dead-letter topic yet.
    pub async fn unpublished(
        &self,
        limit: i64,
    ) -> Result<Vec<UnpublishedDeadLetter>, EventStoreError> {
        let sql = "SELECT id, source, reason, error_message, partition, \"offset\", retry_count,
                 failed_at, topic, key, value, header_names, header_values
             FROM dead_letters WHERE published_at IS NULL ORDER BY position LIMIT $1";
        let rows = self.database.query(sql, &[&limit]).await?;
        Ok(rows.iter().map(item).collect())
    }

    /// Once published, an item stays published, whoever did it.
    pub async fn mark_on_topic(&self, id: Uuid) -> Result<(), EventStoreError> {
        let sql = "UPDATE dead_letters SET published_at = clock_timestamp()
             WHERE id = $1 AND published_at IS NULL";
        self.database.execute(sql, &[&id]).await?;
        Ok(())
    }
}

fn item(row: &Row) -> UnpublishedDeadLetter {
    let partition: Option<i32> = row.get(4);
    let offset: Option<i64> = row.get(5);
    UnpublishedDeadLetter {
        id: row.get(0),
        source: row.get(1),
        reason: row.get(2),
        error_message: row.get(3),
        place: partition.zip(offset),
        retry_count: row.get::<_, i32>(6) as u32,
        failed_at: OccurredOn::new(row.get(7)),
        original: OriginalRecord {
            topic: row.get(8),
            key: row.get(9),
            value: row.get(10),
            headers: headers(row, 11),
        },
    }
}

/// Names from a column, values from the next.
pub(super) fn headers(row: &Row, from: usize) -> Vec<(String, Option<Vec<u8>>)> {
    let names: Vec<String> = row.get(from);
    let values: Vec<Option<Vec<u8>>> = row.get(from + 1);
    names.into_iter().zip(values).collect()
}
