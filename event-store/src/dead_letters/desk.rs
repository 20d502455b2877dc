use uuid::Uuid;

use super::filter::with;
use super::item::{RECORD_COLUMNS, SUMMARY_COLUMNS, dead_letter, summary};
use super::{DeadLetter, DeadLetters, Filter, Summary};
use crate::EventStoreError;

impl DeadLetters {
    /// Whether there is a desk: a schema that nobody has made has none.
    pub async fn is_there(&self) -> Result<bool, EventStoreError> {
        let sql = "SELECT to_regclass('dead_letters') IS NOT NULL";
        let rows = self.database.query(sql, &[]).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// The newest first; from behind the position of an earlier page's last one, where given.
    pub async fn list(
        &self,
        filter: &Filter,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Summary>, EventStoreError> {
        let condition = filter.condition();
        let sql = format!(
            "SELECT {SUMMARY_COLUMNS} FROM dead_letters
             WHERE {condition} AND ($7::bigint IS NULL OR position < $7)
             ORDER BY position DESC LIMIT $8"
        );
        let (values, limit) = (filter.parameters(), i64::from(limit));
        let rows = self
            .database
            .query(&sql, &with(&values, &[&after, &limit]))
            .await?;
        rows.iter().map(summary).collect()
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<DeadLetter>, EventStoreError> {
        let sql =
            format!("SELECT {SUMMARY_COLUMNS}, {RECORD_COLUMNS} FROM dead_letters WHERE id = $1");
        let rows = self.database.query(&sql, &[&id]).await?;
        rows.first().map(dead_letter).transpose()
    }

    /// How many of the items meant [`Self::requeue_page`] would requeue.
    pub async fn count_open(&self, filter: &Filter) -> Result<u64, EventStoreError> {
        let filter = filter.open();
        let sql = format!(
            "SELECT count(*) FROM dead_letters WHERE {}",
            filter.condition()
        );
        let values = filter.parameters();
        let rows = self.database.query(&sql, &with(&values, &[])).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0) as u64))
    }
}
