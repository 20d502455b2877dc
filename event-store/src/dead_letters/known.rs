use std::collections::HashSet;

use uuid::Uuid;

use super::DeadLetters;
use crate::EventStoreError;

impl DeadLetters {
    /// Which of these items nobody has to act on any more: settled, or cleared away.
    pub async fn settled(&self, ids: &[Uuid]) -> Result<HashSet<Uuid>, EventStoreError> {
        let sql = "SELECT id FROM dead_letters
             WHERE id = ANY ($1) AND state IN ('open', 'requeued')";
        let rows = self.database.query(sql, &[&ids]).await?;
        let waiting: HashSet<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        let ids = ids.iter().copied();
        Ok(ids.filter(|id| !waiting.contains(id)).collect())
    }

    /// Which of these items are on the desk, in whatever state.
    pub async fn known(&self, ids: &[Uuid]) -> Result<HashSet<Uuid>, EventStoreError> {
        let sql = "SELECT id FROM dead_letters WHERE id = ANY ($1)";
        let rows = self.database.query(sql, &[&ids]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
