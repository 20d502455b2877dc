use domain::EventSourced;

use crate::log::{LogPage, read};
use crate::{EventStore, EventStoreError};

/// Pages of the events table that a sample reads, about.
const SAMPLED: f32 = 500.0;

/// Streams by their ids, in the order of the database's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// Itself not in the range.
    pub after: Option<String>,
    /// The last one; `None` is no end.
    pub to: Option<String>,
}

impl IdRange {
    /// The ranges between cuts, which are in order: together they are all ids there can be.
    pub fn between(cuts: &[String]) -> Vec<Self> {
        let afters = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
        let ends = cuts.iter().cloned().map(Some).chain(std::iter::once(None));
        let ranges = afters.zip(ends);
        ranges.map(|(after, to)| Self { after, to }).collect()
    }
}

impl<A: EventSourced> EventStore<A> {
    /// Ids that cut the log into ranges of about as many events each, at most `most`, found by a
    /// sample. A range of ids is read by the primary key; one of their hashes would have to read
    /// past all the others.
    pub async fn cuts(&self, most: u32) -> Result<Vec<String>, EventStoreError> {
        let size = "SELECT (pg_relation_size('events') / 8192)::bigint";
        let pages: i64 = self.database.query(size, &[]).await?[0].get(0);
        let ranges = (pages / 16).clamp(1, i64::from(most)) as i32;
        let percent = (100.0 * SAMPLED / pages.max(1) as f32).min(100.0);
        let sql = "SELECT max(aggregate_id) FROM (
                 SELECT aggregate_id, ntile($3) OVER (ORDER BY aggregate_id) AS part
                 FROM events TABLESAMPLE SYSTEM ($2) WHERE aggregate_type = $1) AS sample
             WHERE part < $3 GROUP BY part ORDER BY part";
        let rows = self
            .database
            .query(sql, &[&A::TYPE, &percent, &ranges])
            .await?;
        let mut cuts: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        cuts.dedup();
        Ok(cuts)
    }

    /// [`Self::page`], within a range. `after`: the id and version of the page before's last event.
    pub async fn page_of(
        &self,
        range: &IdRange,
        after: Option<(&str, u64)>,
        limit: u32,
    ) -> Result<LogPage<A::Event>, EventStoreError> {
        // Sequences reach no further: all of the stream in front of the range is left out.
        let start = range.after.as_deref().map(|id| (id, i64::MAX as u64));
        let Some(to) = &range.to else {
            return self.page(after.or(start), limit).await;
        };
        let (id, version) = after.or(start).unwrap_or(("", 0));
        let sql = "SELECT aggregate_id, sequence, event_type, event_version, payload::text,
                 metadata::text
             FROM events
             WHERE aggregate_type = $1 AND (aggregate_id, sequence) > ($2, $3)
                 AND aggregate_id <= $5
             ORDER BY aggregate_id, sequence LIMIT $4";
        let (version, limit) = (version as i64, i64::from(limit));
        let rows = self
            .database
            .query(sql, &[&A::TYPE, &id, &version, &limit, to])
            .await?;
        Ok(rows.iter().map(read::<A>).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_nothing_out() {
        let all = IdRange {
            after: None,
            to: None,
        };
        assert_eq!(IdRange::between(&[]), [all]);
        let ranges = IdRange::between(&["b".to_owned(), "d".to_owned()]);
        assert_eq!(ranges.len(), 3);
        assert_eq!(ranges[0].after, None);
        for pair in ranges.windows(2) {
            assert_eq!(pair[0].to, pair[1].after);
        }
        assert_eq!(ranges[2].to, None);
    }
}
