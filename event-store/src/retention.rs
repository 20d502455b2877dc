use std::time::Duration;

use crate::{EventStoreError, Outbox};

/// What one page of the clean-up did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaned {
    pub deleted: u64,
    /// Where the next page begins; `None` when the rest is too young.
    pub next: Option<i64>,
}

impl Outbox {
    /// Deletes rows of one page, from above a position on, that were published longer ago than
    /// `keep`. What is not published stays, however old it is.
    pub async fn clean(
        &self,
        after: i64,
        keep: Duration,
        page: i64,
    ) -> Result<Cleaned, EventStoreError> {
        // Times of creation ascend with the position, but for transactions under way together: the
        // page whose last row is too young is the last one worth reading.
        let sql = "WITH page AS MATERIALIZED (
                 SELECT position, created_at, published_at FROM outbox
                 WHERE position > $1 ORDER BY position LIMIT $3
             ),
             cleaned AS (
                 DELETE FROM outbox USING page
                 WHERE outbox.position = page.position AND outbox.status = 'PUBLISHED'
                   AND page.published_at < clock_timestamp() - $2 * interval '1 s'
                 RETURNING 1
             )
             SELECT (SELECT count(*) FROM cleaned), max(position), count(*),
                 max(created_at) < clock_timestamp() - $2 * interval '1 s'
             FROM page";
        let keep = keep.as_secs_f64();
        let rows = self.database.query(sql, &[&after, &keep, &page]).await?;
        let Some(row) = rows.first() else {
            return Ok(Cleaned {
                deleted: 0,
                next: None,
            });
        };
        let full = row.get::<_, i64>(2) == page;
        let old = row.get::<_, Option<bool>>(3).unwrap_or_default();
        Ok(Cleaned {
            deleted: row.get::<_, i64>(0) as u64,
            next: row.get::<_, Option<i64>>(1).filter(|_| full && old),
        })
    }
}
