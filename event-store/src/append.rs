use std::collections::HashMap;

use cqrs_es::DomainEvent;
use domain::EventSourced;
use domain::contract::headers;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::command_context::envelope;
use crate::database::{answer, discard};
use crate::error::classify;
use crate::{CommandContext, Database, EventStoreError, slot};

/// The decision of one command, to be written whole or not at all.
pub struct Append<'a, A: EventSourced> {
    pub stream: &'a str,
    /// The version the decision was made on; 0 where there was no stream.
    pub expected_version: u64,
    pub events: &'a [A::Event],
    /// The aggregate after the events.
    pub state: &'a A,
    pub context: &'a CommandContext,
}

#[derive(Clone, Debug)]
pub struct Appended {
    /// Of the stream, after the events.
    pub version: u64,
    /// As stored with each of the events.
    pub metadata: HashMap<String, String>,
}

/// Writes events, outbox rows and the state row in one statement, which is one transaction.
///
/// The state row goes first and admits the rest: an insert for a new stream (its primary key turns
/// a race into a unique violation), else an update that matches the expected version only. Outbox
/// positions are drawn after that row is locked, so they ascend with the version.
fn statement(state_table: &str, new: bool) -> String {
    let head = if new {
        format!(
            "INSERT INTO {state_table} (id, version, state)
             SELECT $2, $4, $5::text::json WHERE $3::bigint = 0 RETURNING 1"
        )
    } else {
        format!(
            "UPDATE {state_table} SET version = $4, state = $5::text::json, updated_at = now()
             WHERE id = $2 AND version = $3 RETURNING 1"
        )
    };
    format!(
        "WITH head AS ({head}),
         appended AS (
             INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata)
             SELECT $1, $2, e.version, e.event_type, e.event_version, e.payload::json, $6::text::json
             FROM head, unnest($7::bigint[], $8::text[], $9::text[], $10::text[])
                  AS e (version, event_type, event_version, payload)
             ORDER BY e.version
         ),
         queued AS (
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, slot, topic,
                                 version, headers)
             SELECT o.id, $1, $2, o.event_type, o.payload::json, $11, $12, o.version, o.headers::json
             FROM head, unnest($7::bigint[], $8::text[], $13::uuid[], $14::text[], $15::text[])
                  AS o (version, event_type, id, payload, headers)
             ORDER BY o.version
         )
         SELECT count(*) FROM head"
    )
}

pub(crate) async fn append<A: EventSourced>(
    database: &Database,
    topic: &str,
    append: &Append<'_, A>,
) -> Result<Appended, EventStoreError> {
    let expected = append.expected_version;
    let metadata = append.context.metadata();
    let mut rows = Rows::default();
    for (version, event) in (expected + 1..).zip(append.events) {
        rows.push::<A>(append.stream, version, event, append.context, &metadata)?;
    }
    let version = expected + append.events.len() as u64;
    let appended = Appended {
        version,
        metadata: metadata.clone(),
    };
    let (expected_db, version_db) = (expected as i64, version as i64);
    let state = serde_json::to_string(append.state)?;
    let metadata = serde_json::to_string(&metadata)?;
    let slot = slot(append.stream) as i16;
    let parameters: [&(dyn ToSql + Sync); 15] = [
        &A::TYPE,
        &append.stream,
        &expected_db,
        &version_db,
        &state,
        &metadata,
        &rows.versions,
        &rows.event_types,
        &rows.event_versions,
        &rows.payloads,
        &slot,
        &topic,
        &rows.ids,
        &rows.published,
        &rows.headers,
    ];

    let client = database.client().await?;
    let sql = statement(A::STATE_TABLE, expected == 0);
    // Preparing writes nothing, so a failure here leaves no doubt.
    let prepared = match answer(client.prepare_cached(&sql)).await {
        Ok(prepared) => prepared.map_err(|e| undoubted(classify(&e)))?,
        Err(late) => return Err(undoubted(discard(client, late))),
    };
    let admitted = match answer(client.query_one(&prepared, &parameters)).await {
        Ok(admitted) => {
            admitted.map_err(|e| conflict::<A>(&e, expected).unwrap_or_else(|| classify(&e)))?
        }
        Err(late) => return Err(discard(client, late)),
    };
    if admitted.get::<_, i64>(0) == 0 {
        return Err(EventStoreError::Conflict { expected });
    }
    Ok(appended)
}

fn undoubted(error: EventStoreError) -> EventStoreError {
    match error {
        EventStoreError::OutcomeUnknown(source) => EventStoreError::Unavailable(source),
        other => other,
    }
}

/// Only the constraints that guard a stream's version make a unique violation a conflict.
fn conflict<A: EventSourced>(
    error: &tokio_postgres::Error,
    expected: u64,
) -> Option<EventStoreError> {
    let db = error.as_db_error()?;
    if *db.code() != SqlState::UNIQUE_VIOLATION {
        return None;
    }
    let constraint = db.constraint()?;
    let guards_a_stream = constraint == "events_pkey"
        || constraint == "outbox_stream_key"
        || constraint.strip_suffix("_pkey") == Some(A::STATE_TABLE);
    guards_a_stream.then_some(EventStoreError::Conflict { expected })
}

/// The columns of the new rows, one array each.
#[derive(Default)]
struct Rows {
    versions: Vec<i64>,
    event_types: Vec<String>,
    event_versions: Vec<String>,
    payloads: Vec<String>,
    ids: Vec<Uuid>,
    published: Vec<String>,
    headers: Vec<String>,
}

impl Rows {
    fn push<A: EventSourced>(
        &mut self,
        stream: &str,
        version: u64,
        event: &A::Event,
        context: &CommandContext,
        metadata: &HashMap<String, String>,
    ) -> Result<(), EventStoreError> {
        let envelope = envelope(
            A::TYPE,
            stream,
            version,
            event.event_type(),
            A::PUBLISHED_SCHEMA_VERSION,
            metadata,
        )?;
        self.versions.push(version as i64);
        self.event_types.push(event.event_type());
        self.event_versions.push(event.event_version());
        self.payloads.push(serde_json::to_string(event)?);
        self.ids.push(envelope.event_id);
        let headers = headers(&envelope, context.traceparent.as_deref());
        self.headers.push(serde_json::to_string(&headers)?);
        self.published.push(A::publish(envelope, event.clone())?);
        Ok(())
    }
}
