use std::time::Duration;

use super::DeadLetters;
use crate::EventStoreError;

/// Settled for longer than `$1` seconds and on the dead-letter topic. A row that is still FAILED
/// needs its item: the relay reads there that a stub is wanted.
const PURGEABLE: &str = "state IN ('resolved', 'discarded')
     AND state_since < clock_timestamp() - make_interval(secs => $1)
     AND published_at IS NOT NULL
     AND NOT EXISTS (
         SELECT FROM outbox AS o WHERE o.aggregate_type = d.aggregate_type
           AND o.aggregate_id = d.aggregate_id AND o.version = d.version
           AND o.id = d.outbox_id AND o.status = 'FAILED'
           AND o.next_attempt_at IS NOT NULL)";

impl DeadLetters {
    /// Deletes items that nothing is left to be done about, at most `limit` of them, so that no
    /// transaction is long. Returns how many there were; fewer than `limit`: no more are left.
    pub async fn purge(&self, older_than: Duration, limit: u32) -> Result<u64, EventStoreError> {
        let sql = format!(
            "DELETE FROM dead_letters WHERE id = ANY (ARRAY (
                 SELECT id FROM dead_letters AS d WHERE {PURGEABLE}
                 ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED))"
        );
        let limit = i64::from(limit);
        self.database
            .execute(&sql, &[&older_than.as_secs_f64(), &limit])
            .await
    }

    /// How many items [`Self::purge`] would delete.
    pub async fn count_purgeable(&self, older_than: Duration) -> Result<u64, EventStoreError> {
        let sql = format!("SELECT count(*) FROM dead_letters AS d WHERE {PURGEABLE}");
        let rows = self
            .database
            .query(&sql, &[&older_than.as_secs_f64()])
            .await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0) as u64))
    }
}
