use std::time::SystemTime;

use crate::{EventStoreError, Outbox};

/// Of each slot the row that comes next, as `p`.
pub(crate) const FRONT: &str = "generate_series(0, 63) AS s (slot) LEFT JOIN LATERAL (
         SELECT created_at FROM outbox
         WHERE slot = s.slot AND status = 'PENDING'
           AND (NOT EXISTS (SELECT FROM outbox WHERE next_attempt_at IS NOT NULL)
               OR (aggregate_type, aggregate_id) NOT IN (
                   SELECT aggregate_type, aggregate_id FROM outbox
                   WHERE next_attempt_at IS NOT NULL))
         ORDER BY position LIMIT 1
     ) AS p ON true";

impl Outbox {
    /// By Postgres's clock: whatever was answered before this is on the topic, or held.
    ///
    /// Of each slot the row in front tells, though another may have a slightly older time: it was
    /// given its position before the others were, and they were not answered before that. `now()`
    /// is older than what this statement sees, so that nothing was answered in between.
    pub async fn published_through(&self) -> Result<SystemTime, EventStoreError> {
        let sql = format!("SELECT least(now(), min(p.created_at)) FROM {FRONT}");
        let rows = self.database.query(&sql, &[]).await?;
        // An aggregate without groups has one row.
        Ok(rows
            .first()
            .map_or(SystemTime::UNIX_EPOCH, |row| row.get(0)))
    }
}
