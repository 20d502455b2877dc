use std::collections::HashMap;

use domain::{EventSourced, OccurredOn};
use serde_json::value::RawValue;

use crate::command_context::occurred_on;
use crate::log::read;
use crate::{EventStore, EventStoreError, StoredEvent, UnreadableEvent};

const PAGE: i64 = 200;

/// A stored event as it stands in its row, and what this code reads in it.
#[derive(Clone, Debug)]
pub struct HistoryEntry<E> {
    pub version: u64,
    pub event_type: String,
    /// The schema version it was stored in.
    pub stored_version: String,
    pub payload: Box<RawValue>,
    pub metadata: Box<RawValue>,
    /// Also of an event that cannot be read, if its metadata can.
    pub occurred_on: Option<OccurredOn>,
    pub read: Result<StoredEvent<E>, UnreadableEvent>,
}

impl<A: EventSourced> EventStore<A> {
    /// A stream's events as they are, in order; empty where there is no stream.
    pub async fn history(&self, id: &str) -> Result<Vec<HistoryEntry<A::Event>>, EventStoreError> {
        let mut history: Vec<HistoryEntry<A::Event>> = Vec::new();
        // Postgres's texts have no NUL, and asking for one would look like a fault of Postgres.
        if id.contains('\0') {
            return Ok(history);
        }
        let sql = "SELECT aggregate_id, sequence, event_type, event_version, payload::text,
                 metadata::text
             FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3
             ORDER BY sequence LIMIT $4";
        loop {
            let after = history.last().map_or(0, |entry| entry.version as i64);
            let rows = self
                .database
                .query(sql, &[&A::TYPE, &id, &after, &PAGE])
                .await?;
            for row in &rows {
                let metadata: Box<RawValue> = serde_json::from_str(row.get(5))?;
                let texts: Option<HashMap<String, String>> =
                    serde_json::from_str(metadata.get()).ok();
                history.push(HistoryEntry {
                    version: row.get::<_, i64>(1) as u64,
                    event_type: row.get(2),
                    stored_version: row.get(3),
                    payload: serde_json::from_str(row.get(4))?,
                    occurred_on: texts.and_then(|texts| occurred_on(&texts).ok()),
                    metadata,
                    read: read::<A>(row),
                });
            }
            if (rows.len() as i64) < PAGE {
                return Ok(history);
            }
        }
    }
}
