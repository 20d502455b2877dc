use std::collections::{BTreeMap, HashMap};

use domain::EventSourced;
use domain::contract::{REPLAYED, Stub, headers};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Selection;
use crate::command_context::TRACEPARENT;
use crate::log::read;
use crate::{Database, EventStore, EventStoreError};

/// As much as a page may hold: the bytes are those of the stored events.
const PAGE_ROWS: i64 = 500;
const PAGE_BYTES: i64 = 4 << 20;

/// The stored events of one type of aggregate as they were published, whatever the aggregate.
#[derive(Clone)]
pub struct ReplayLog {
    database: Database,
    aggregate_type: &'static str,
    recomputed: fn(&Row) -> Result<ReplayRecord, String>,
}

/// A record as it was published, and marked as a replay of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayRecord {
    pub payload: String,
    pub headers: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayItem {
    pub aggregate_id: String,
    pub version: u64,
    pub what: Replayable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayable {
    Record(ReplayRecord),
    /// It, or an earlier version of its aggregate, is not on the topic yet: it would come there
    /// out of order.
    Unpublished,
    /// Its record is gone, and cannot be made again by this code.
    Unreadable(String),
}

/// What was selected of the next rows of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayPage {
    pub items: Vec<ReplayItem>,
    /// How many rows were looked at, whether selected or not.
    pub read: u64,
    /// Id and version of the last of them: where the next page begins.
    pub end: (String, u64),
}

impl ReplayLog {
    pub fn of<A: EventSourced>(store: &EventStore<A>) -> Self {
        Self {
            database: store.database.clone(),
            aggregate_type: A::TYPE,
            recomputed: recomputed::<A>,
        }
    }

    /// The rows after an id and version, stream by stream and each stream in order, to be
    /// replayed to `topic`; `None` after the last one. Every page sees the database of its own
    /// moment.
    ///
    /// What is marked as published has everything before it marked so too, but for what is held.
    ///
    /// A record is what its outbox row says, or what goes out instead where it was given up. Rows
    /// that retention has deleted are made again from the stored event, by the code that made
    /// them, in the schema version in which it would be published today.
    pub async fn page(
        &self,
        selection: &Selection,
        topic: &str,
        after: (&str, u64),
    ) -> Result<Option<ReplayPage>, EventStoreError> {
        // The limit is on what is looked at: a page without any event selected ends as soon.
        let sql = format!(
            "WITH ahead AS (
                 SELECT *, sum(size) OVER (ORDER BY aggregate_id, sequence) - size AS before
                 FROM (
                     SELECT *, pg_column_size(payload) AS size FROM events
                     WHERE aggregate_type = $1 AND {}
                     ORDER BY aggregate_id, sequence LIMIT $5
                 ) AS rows
             ),
             page AS MATERIALIZED (
                 SELECT *, coalesce(($7::text IS NULL OR event_type = $7)
                     AND ($8::text IS NULL OR metadata ->> 'occurredOn' >= $8 COLLATE \"C\")
                     AND ($9::text IS NULL OR metadata ->> 'occurredOn' < $9 COLLATE \"C\"),
                     false) AS wanted
                 FROM ahead WHERE before < $6
             )
             SELECT e.aggregate_id, e.sequence, e.event_type, e.event_version,
                 CASE WHEN e.wanted AND o.id IS NULL THEN e.payload::text END,
                 e.metadata::text, o.payload::text, o.headers::text,
                 e.wanted AND EXISTS (
                     SELECT FROM dead_letters AS d
                     WHERE d.aggregate_id = e.aggregate_id AND d.aggregate_type = $1
                       AND d.version = e.sequence AND d.source = 'relay'
                       AND d.state = 'discarded'),
                 e.wanted,
                 o.topic = $10 AND (o.status <> 'PUBLISHED' OR EXISTS (
                     SELECT FROM outbox AS u
                     WHERE u.next_attempt_at IS NOT NULL AND u.aggregate_type = $1
                       AND u.aggregate_id = e.aggregate_id AND u.version < e.sequence))
             FROM page AS e LEFT JOIN outbox AS o
               ON e.wanted AND o.position = e.position AND o.aggregate_type = $1
                 AND o.aggregate_id = e.aggregate_id AND o.version = e.sequence
             ORDER BY e.aggregate_id, e.sequence",
            ahead(selection)
        );
        let (id, version) = (after.0, after.1 as i64);
        let [since, until] =
            [&selection.since, &selection.until].map(|time| time.map(|t| t.to_string()));
        let parameters: [&(dyn ToSql + Sync); 10] = [
            &self.aggregate_type,
            &id,
            &version,
            &selection.aggregate_id,
            &PAGE_ROWS,
            &PAGE_BYTES,
            &selection.event_type,
            &since,
            &until,
            &topic,
        ];
        let rows = self.database.query(&sql, &parameters).await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        let wanted = rows.iter().filter(|row| row.get(9));
        Ok(Some(ReplayPage {
            items: wanted.map(|row| self.item(row)).collect::<Result<_, _>>()?,
            read: rows.len() as u64,
            end: (last.get(0), last.get::<_, i64>(1) as u64),
        }))
    }

    /// How many rows there are after an id and version; `None` where they are too many to count.
    pub async fn count(
        &self,
        selection: &Selection,
        after: (&str, u64),
    ) -> Result<Option<u64>, EventStoreError> {
        let sql = format!(
            "SELECT count(*) FROM events WHERE aggregate_type = $1 AND {}",
            ahead(selection)
        );
        let (id, version) = (after.0, after.1 as i64);
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&self.aggregate_type, &id, &version, &selection.aggregate_id];
        match self.database.query(&sql, &parameters).await {
            Ok(rows) => Ok(rows.first().map(|row| row.get::<_, i64>(0) as u64)),
            Err(error) if error.is_transient() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn item(&self, row: &Row) -> Result<ReplayItem, EventStoreError> {
        let unpublished: Option<bool> = row.get(10);
        let what = if unpublished.unwrap_or_default() {
            Replayable::Unpublished
        } else {
            let record = match (row.get(6), row.get::<_, Option<&str>>(7)) {
                (Some(payload), Some(headers)) => Ok(ReplayRecord {
                    payload,
                    headers: serde_json::from_str(headers)?,
                }),
                _ => (self.recomputed)(row),
            };
            match record.and_then(|record| marked(record, row.get(8))) {
                Ok(record) => Replayable::Record(record),
                Err(reason) => Replayable::Unreadable(reason),
            }
        };
        Ok(ReplayItem {
            aggregate_id: row.get(0),
            version: row.get::<_, i64>(1) as u64,
            what,
        })
    }
}

/// One aggregate's rows, or all. Each is read along the primary key.
fn ahead(selection: &Selection) -> &'static str {
    match selection.aggregate_id {
        Some(_) => "aggregate_id = $4::text AND ($4, sequence) > ($2::text, $3::bigint)",
        None => "(aggregate_id, sequence) > ($2::text, $3::bigint) AND $4::text IS NULL",
    }
}

/// What publishing made of a stored event.
fn recomputed<A: EventSourced>(row: &Row) -> Result<ReplayRecord, String> {
    let stored = read::<A>(row).map_err(|unreadable| unreadable.reason)?;
    let metadata: HashMap<String, String> =
        serde_json::from_str(row.get(5)).map_err(|e| e.to_string())?;
    let traceparent = metadata.get(TRACEPARENT).map(String::as_str);
    Ok(ReplayRecord {
        headers: headers(&stored.envelope, traceparent),
        payload: A::publish(stored.envelope, stored.event).map_err(|e| e.to_string())?,
    })
}

fn marked(mut record: ReplayRecord, given_up: bool) -> Result<ReplayRecord, String> {
    if given_up && let Some(stub) = Stub::of(record.payload.as_bytes()) {
        record.payload = stub.to_json().map_err(|e| e.to_string())?;
    }
    let replayed = (REPLAYED.to_owned(), "true".to_owned());
    record.headers.extend([replayed]);
    Ok(record)
}
