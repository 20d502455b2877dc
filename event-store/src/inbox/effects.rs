use std::collections::BTreeMap;

use domain::EventSourced;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::group_commit::{EventRow, row};
use crate::{CommandContext, EventStoreError, slot};

/// What is to be written about some events that were seen: the decisions they led to, over any
/// number of streams of any type of aggregate.
#[derive(Default)]
pub struct Effects {
    seen: Vec<Uuid>,
    /// By table and id: every process locks in this order.
    streams: BTreeMap<(&'static str, String), Stream>,
}

struct Stream {
    aggregate_type: &'static str,
    topic: String,
    expected: u64,
    state: String,
    events: Vec<(EventRow, String)>,
}

impl Effects {
    /// An event that the effects come from; noted only if there are any.
    pub fn of(&mut self, event_id: Uuid) {
        self.seen.push(event_id);
    }

    /// The whole decision about one stream: `events` follow on `expected_version` and lead to
    /// `state`.
    pub fn stream<A: EventSourced>(
        &mut self,
        topic: &str,
        id: &str,
        expected_version: u64,
        state: &A,
        events: &[(A::Event, CommandContext)],
    ) -> Result<(), EventStoreError> {
        if events.is_empty() {
            return Err(EventStoreError::NoEvents);
        }
        let rows = (expected_version + 1..)
            .zip(events)
            .map(|(version, (event, context))| {
                let metadata = context.metadata();
                let row = row::<A>(id, version, event, context, &metadata)?;
                Ok((row, serde_json::to_string(&metadata)?))
            })
            .collect::<Result<_, EventStoreError>>()?;
        let stream = Stream {
            aggregate_type: A::TYPE,
            topic: topic.to_owned(),
            expected: expected_version,
            state: serde_json::to_string(state)?,
            events: rows,
        };
        self.streams.insert((A::STATE_TABLE, id.to_owned()), stream);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub(super) fn columns(&self) -> Columns<'_> {
        let mut columns = Columns {
            seen: &self.seen,
            ..Columns::default()
        };
        for ((table, id), stream) in &self.streams {
            let heads = columns.heads.entry(table).or_default();
            heads.ids.push(id);
            heads.expected.push(stream.expected as i64);
            let version = stream.expected + stream.events.len() as u64;
            heads.versions.push(version as i64);
            heads.states.push(&stream.state);
            let slot = slot(id) as i16;
            for (version, (event, metadata)) in (stream.expected + 1..).zip(&stream.events) {
                columns.aggregate_types.push(stream.aggregate_type);
                columns.streams.push(id);
                columns.topics.push(&stream.topic);
                columns.slots.push(slot);
                columns.versions.push(version as i64);
                columns.event_types.push(&event.event_type);
                columns.event_versions.push(&event.event_version);
                columns.payloads.push(&event.payload);
                columns.metadata.push(metadata);
                columns.ids.push(event.id);
                columns.published.push(&event.published);
                columns.headers.push(&event.headers);
            }
        }
        columns
    }
}

/// One array a column.
#[derive(Default)]
pub(super) struct Columns<'a> {
    seen: &'a [Uuid],
    aggregate_types: Vec<&'a str>,
    streams: Vec<&'a str>,
    topics: Vec<&'a str>,
    slots: Vec<i16>,
    versions: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    ids: Vec<Uuid>,
    published: Vec<&'a str>,
    headers: Vec<&'a str>,
    heads: BTreeMap<&'static str, Heads<'a>>,
}

/// The state rows of one table.
#[derive(Default)]
struct Heads<'a> {
    ids: Vec<&'a str>,
    expected: Vec<i64>,
    versions: Vec<i64>,
    states: Vec<&'a str>,
}

impl Columns<'_> {
    /// The state tables, in the order of their parameters.
    pub fn tables(&self) -> Vec<&'static str> {
        self.heads.keys().copied().collect()
    }

    /// As the statement numbers them.
    pub fn parameters<'p>(&'p self, consumer: &'p &'static str) -> Vec<&'p (dyn ToSql + Sync)> {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
            consumer,
            &self.seen,
            &self.aggregate_types,
            &self.streams,
            &self.topics,
            &self.slots,
            &self.versions,
            &self.event_types,
            &self.event_versions,
            &self.payloads,
            &self.metadata,
            &self.ids,
            &self.published,
            &self.headers,
        ];
        for heads in self.heads.values() {
            let of_table: [&(dyn ToSql + Sync); 4] =
                [&heads.ids, &heads.expected, &heads.versions, &heads.states];
            parameters.extend(of_table);
        }
        parameters
    }
}
