use cqrs_es::EventEnvelope;
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::EventSourced;
use tokio_postgres::Row;

use crate::event_store::stored;
use crate::upcasters::Upcasters;
use crate::{EventStore, EventStoreError, StoredEvent};

/// A stored event that this code cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {version} of {aggregate_id} cannot be read: {reason}")]
pub struct UnreadableEvent {
    pub aggregate_id: String,
    pub version: u64,
    pub reason: String,
}

/// Events stream by stream, each in order.
pub type LogPage<E> = Vec<Result<StoredEvent<E>, UnreadableEvent>>;

impl<A: EventSourced> EventStore<A> {
    /// The whole log, a page at a time: the streams in the order of the database's texts, each
    /// with its events in order. `after` is the id and version of the page before's last event.
    ///
    /// Every page sees the database of its own moment, so that no snapshot is kept for long. What
    /// is appended meanwhile to streams that have gone by is not seen.
    pub async fn page(
        &self,
        after: Option<(&str, u64)>,
        limit: u32,
    ) -> Result<LogPage<A::Event>, EventStoreError> {
        // No event comes before this: sequences start at 1.
        let (id, version) = after.unwrap_or(("", 0));
        let sql = "SELECT aggregate_id, sequence, event_type, event_version, payload::text,
                 metadata::text
             FROM events
             WHERE aggregate_type = $1 AND (aggregate_id, sequence) > ($2, $3)
             ORDER BY aggregate_id, sequence LIMIT $4";
        let rows = self
            .database
            .query(sql, &[&A::TYPE, &id, &(version as i64), &i64::from(limit)])
            .await?;
        Ok(rows.iter().map(read::<A>).collect())
    }
}

/// As `postgres-es` and `cqrs-es` read a stream's event, but each by itself. The row has the
/// columns id, sequence, type, version, payload and metadata.
pub(crate) fn read<A: EventSourced>(row: &Row) -> Result<StoredEvent<A::Event>, UnreadableEvent> {
    let (aggregate_id, sequence): (String, i64) = (row.get(0), row.get(1));
    let decoded = || -> Result<StoredEvent<A::Event>, EventStoreError> {
        let event = SerializedEvent::new(
            aggregate_id.clone(),
            sequence as usize,
            A::TYPE.to_owned(),
            row.get(2),
            row.get(3),
            serde_json::from_str(row.get(4))?,
            serde_json::from_str(row.get(5))?,
        );
        let event = EventEnvelope::<A>::try_from(Upcasters::of::<A>().upcast(event))
            .map_err(|e| EventStoreError::Unreadable(e.into()))?;
        stored(event)
    };
    decoded().map_err(|error| UnreadableEvent {
        reason: error.to_string(),
        version: sequence as u64,
        aggregate_id: aggregate_id.clone(),
    })
}
