use tokio_postgres::Row;

use super::filter::with;
use super::record::text;
use super::{DeadLetters, Filter};
use crate::EventStoreError;

/// What one step through the items did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequeuedPage {
    /// Items that were open when the page was read.
    pub read: u64,
    /// Fewer where others acted on some at the same moment.
    pub requeued: u64,
    /// Where the next page begins; `None` after the last.
    pub next: Option<i64>,
}

impl DeadLetters {
    /// Requeues the open ones among the items meant, the newest first, at most `limit` of them.
    /// What somebody else has a lock on is left to them: nothing is waited for, so nothing can
    /// deadlock, and the locks may be taken in any order.
    pub async fn requeue_page(
        &self,
        filter: &Filter,
        after: Option<i64>,
        limit: u32,
        by: &str,
    ) -> Result<RequeuedPage, EventStoreError> {
        let filter = filter.open();
        let condition = filter.condition();
        let sql = format!(
            "WITH page AS MATERIALIZED (
                 SELECT id, position, outbox_id, aggregate_type, aggregate_id, version
                 FROM dead_letters
                 WHERE {condition} AND ($7::bigint IS NULL OR position < $7)
                 ORDER BY position DESC LIMIT $8
             ),
             held AS MATERIALIZED (
                 SELECT o.position, o.id FROM page AS p
                 JOIN outbox AS o ON o.aggregate_type = p.aggregate_type
                     AND o.aggregate_id = p.aggregate_id AND o.version = p.version
                     AND o.id = p.outbox_id
                 WHERE o.status = 'FAILED' AND o.next_attempt_at IS NOT NULL
                 FOR UPDATE OF o SKIP LOCKED
             ),
             mine AS MATERIALIZED (
                 SELECT d.id, d.outbox_id FROM page AS p JOIN dead_letters AS d USING (id)
                 WHERE d.state = 'open'
                   AND (d.outbox_id IS NULL OR d.outbox_id IN (SELECT id FROM held))
                 FOR UPDATE OF d SKIP LOCKED
             ),
             woken AS (
                 UPDATE outbox AS o SET next_attempt_at = clock_timestamp()
                 FROM held AS h JOIN mine AS m ON m.outbox_id = h.id
                 WHERE o.position = h.position
             ),
             requeued AS (
                 UPDATE dead_letters AS d
                 SET state = 'requeued', acted_by = $9, action_reason = NULL,
                     state_since = clock_timestamp()
                 FROM mine AS m WHERE d.id = m.id RETURNING 1
             )
             SELECT (SELECT count(*) FROM page), (SELECT min(position) FROM page),
                 (SELECT count(*) FROM requeued)"
        );
        let (values, limit, by) = (filter.parameters(), i64::from(limit), text(by));
        let parameters = with(&values, &[&after, &limit, &by]);
        let rows = self.database.query(&sql, &parameters).await?;
        let figures = |row: &Row| (row.get(0), row.get(1), row.get(2));
        let (read, last, requeued): (i64, Option<i64>, i64) =
            rows.first().map_or((0, None, 0), figures);
        Ok(RequeuedPage {
            read: read as u64,
            requeued: requeued as u64,
            next: last.filter(|_| read == limit),
        })
    }
}
