use domain::OccurredOn;
use serde::Serialize;

use super::item::name;
use super::{DeadLetters, Reason, Source, State};
use crate::EventStoreError;

/// The desk at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    pub counts: Vec<Count>,
    /// When the open item that has waited longest failed.
    pub oldest_open: Option<OccurredOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    pub source: Source,
    pub reason: Reason,
    pub state: State,
    pub count: u64,
}

/// Open items of one source and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCount {
    pub source: Source,
    pub reason: Reason,
    pub count: u64,
}

impl DeadLetters {
    pub async fn stats(&self) -> Result<Stats, EventStoreError> {
        let sql = "SELECT source, reason, state, count(*),
                 min(failed_at) FILTER (WHERE state = 'open')
             FROM dead_letters GROUP BY source, reason, state";
        let rows = self.database.query(sql, &[]).await?;
        let mut counts = Vec::with_capacity(rows.len());
        let mut oldest_open = None;
        for row in &rows {
            counts.push(Count {
                source: name(row, 0)?,
                reason: name(row, 1)?,
                state: name(row, 2)?,
                count: row.get::<_, i64>(3) as u64,
            });
            let oldest = row.get::<_, Option<_>>(4).map(OccurredOn::new);
            oldest_open = oldest_open.into_iter().chain(oldest).min();
        }
        counts.sort_by_key(|count| (count.source, count.reason, count.state));
        Ok(Stats {
            counts,
            oldest_open,
        })
    }

    /// For gauges: every source with every reason, so that each goes back to zero.
    pub async fn open_counts(&self) -> Result<Vec<OpenCount>, EventStoreError> {
        let sql = "SELECT source, reason, count(*) FROM dead_letters WHERE state = 'open'
             GROUP BY source, reason";
        let rows = self.database.query(sql, &[]).await?;
        let count = |source: Source, reason: Reason| {
            rows.iter()
                .find(|row| {
                    row.get::<_, &str>(0) == source.as_str()
                        && row.get::<_, &str>(1) == reason.as_str()
                })
                .map_or(0, |row| row.get::<_, i64>(2) as u64)
        };
        let pairs = Source::ALL
            .iter()
            .flat_map(|source| Reason::ALL.iter().map(|reason| (*source, *reason)));
        Ok(pairs
            .map(|(source, reason)| OpenCount {
                source,
                reason,
                count: count(source, reason),
            })
            .collect())
    }
}
