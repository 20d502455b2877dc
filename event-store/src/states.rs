use std::collections::HashSet;
use std::time::Duration;

use domain::EventSourced;
use tokio_postgres::types::ToSql;

use crate::json_text::JsonText;
use crate::{CommandContext, EventStore, EventStoreError};

/// A row of the aggregates' current states.
#[derive(Clone, Debug)]
pub struct StateRow<A> {
    pub id: String,
    pub version: u64,
    /// Why it cannot be read, where it cannot.
    pub state: Result<A, String>,
}

/// An aggregate as it stands.
#[derive(Clone, Debug)]
pub struct Current<A> {
    pub aggregate: A,
    pub version: u64,
    /// Of its last event: correlation and trace go on.
    pub context: CommandContext,
}

/// Which of a state row's times counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Created,
    Updated,
}

impl<A: EventSourced> EventStore<A> {
    /// Aggregates whose state row meets `condition`, for at least as long by Postgres's clock, the
    /// oldest first. The condition is SQL, and belongs to a partial index on that time.
    pub async fn waiting(
        &self,
        condition: &'static str,
        since: Since,
        at_least: Duration,
        limit: i64,
    ) -> Result<Vec<String>, EventStoreError> {
        let time = match since {
            Since::Created => "created_at",
            Since::Updated => "updated_at",
        };
        let sql = format!(
            "SELECT id FROM {} WHERE {condition} AND {time} <= now() - $1::float8 * interval '1 s'
             ORDER BY {time} LIMIT $2",
            A::STATE_TABLE
        );
        let rows = self
            .database
            .query(&sql, &[&at_least.as_secs_f64(), &limit])
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// An aggregate to decide on; `None` where it has no events. One whose state row this code
    /// cannot read is folded from its events.
    pub async fn current(&self, id: &str) -> Result<Option<Current<A>>, EventStoreError> {
        // Postgres's texts have no NUL, and asking for one would look like a fault of Postgres.
        if id.contains('\0') {
            return Ok(None);
        }
        let sql = format!(
            "SELECT s.version, s.state, e.metadata FROM {} s JOIN events e
             ON e.aggregate_type = $1 AND e.aggregate_id = s.id AND e.sequence = s.version
             WHERE s.id = $2",
            A::STATE_TABLE
        );
        let parameters: [&(dyn ToSql + Sync); 2] = [&A::TYPE, &id];
        let rows = self.database.query_planned_once(&sql, &parameters).await?;
        let Some(row) = rows.first() else {
            return self.folded(id).await;
        };
        let JsonText(state) = row.get(1);
        let JsonText(metadata) = row.get(2);
        match (serde_json::from_str(state), serde_json::from_str(metadata)) {
            (Ok(aggregate), Ok(metadata)) => Ok(Some(Current {
                aggregate,
                version: row.get::<_, i64>(0) as u64,
                context: CommandContext::from_metadata(&metadata)?,
            })),
            _ => self.folded(id).await,
        }
    }

    async fn folded(&self, id: &str) -> Result<Option<Current<A>>, EventStoreError> {
        let mut aggregate = A::default();
        let mut last = None;
        for event in self.stream(id).await? {
            last = Some((event.sequence as u64, event.metadata));
            aggregate.apply(event.payload);
        }
        let Some((version, metadata)) = last else {
            return Ok(None);
        };
        Ok(Some(Current {
            aggregate,
            version,
            context: CommandContext::from_metadata(&metadata)?,
        }))
    }

    /// The current states of these aggregates, as far as there are rows.
    pub async fn states(&self, ids: &[String]) -> Result<Vec<StateRow<A>>, EventStoreError> {
        let sql = format!(
            "SELECT id, version, state FROM {} WHERE id = ANY ($1)",
            A::STATE_TABLE
        );
        let rows = self.database.query_planned_once(&sql, &[&ids]).await?;
        let row = |row: &tokio_postgres::Row| StateRow {
            id: row.get(0),
            version: row.get::<_, i64>(1) as u64,
            state: serde_json::from_str(row.get::<_, JsonText<'_>>(2).0).map_err(|e| e.to_string()),
        };
        Ok(rows.iter().map(row).collect())
    }

    /// Aggregates that have a state and no event: a page of them, after an id.
    pub async fn states_without_events(
        &self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>, EventStoreError> {
        let sql = format!(
            "SELECT id FROM {} AS s WHERE id > $2 AND NOT EXISTS (
                 SELECT FROM events AS e WHERE e.aggregate_type = $1 AND e.aggregate_id = s.id)
             ORDER BY id LIMIT $3",
            A::STATE_TABLE
        );
        let rows = self
            .database
            .query(&sql, &[&A::TYPE, &after, &limit])
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Which of these aggregates have events.
    pub async fn existing(&self, ids: &[String]) -> Result<HashSet<String>, EventStoreError> {
        // Postgres's texts have no NUL, and asking for one would look like a fault of Postgres.
        let ids: Vec<&str> = ids
            .iter()
            .map(String::as_str)
            .filter(|id| !id.contains('\0'))
            .collect();
        let sql = "SELECT DISTINCT aggregate_id FROM events
             WHERE aggregate_type = $1 AND aggregate_id = ANY ($2)";
        let rows = self.database.query(sql, &[&A::TYPE, &ids]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// How many aggregates there are, as the planner estimates it.
    pub async fn estimated_aggregates(&self) -> Result<u64, EventStoreError> {
        let sql =
            "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = $1::text::regclass";
        let rows = self.database.query(sql, &[&A::STATE_TABLE]).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0) as u64))
    }
}
