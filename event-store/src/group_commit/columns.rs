use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::command::Command;
use crate::EventStoreError;

/// The commands of one statement, one array a column.
#[derive(Default)]
pub struct Columns<'a> {
    streams: Vec<&'a str>,
    expected: Vec<i64>,
    versions: Vec<i64>,
    states: Vec<&'a str>,
    metadata: Vec<&'a str>,
    slots: Vec<i16>,
    events: Events<'a>,
    keys: Keys<'a>,
}

#[derive(Default)]
struct Events<'a> {
    /// Of the event's command, counted from 1.
    numbers: Vec<i64>,
    versions: Vec<i64>,
    types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    ids: Vec<Uuid>,
    published: Vec<&'a str>,
    headers: Vec<&'a str>,
}

#[derive(Default)]
struct Keys<'a> {
    any: bool,
    callers: Vec<Option<&'a str>>,
    keys: Vec<Option<&'a str>>,
    fingerprints: Vec<Option<&'a [u8]>>,
    statuses: Vec<Option<i16>>,
    headers: Vec<Option<String>>,
    bodies: Vec<Option<&'a [u8]>>,
    kept_for: Vec<Option<f64>>,
}

impl<'a> Columns<'a> {
    pub fn of(commands: &'a [&Command]) -> Result<Self, EventStoreError> {
        let mut columns = Self::default();
        for (number, command) in (1..).zip(commands) {
            columns.streams.push(&command.stream);
            columns.expected.push(command.expected as i64);
            columns.versions.push(command.version() as i64);
            columns.states.push(&command.state);
            columns.metadata.push(&command.metadata);
            columns.slots.push(command.slot);
            columns.events.push(number, command);
            columns.keys.push(command)?;
        }
        Ok(columns)
    }

    /// Whether a command brings a key.
    pub fn keyed(&self) -> bool {
        self.keys.any
    }

    /// As the statement numbers them.
    pub fn parameters<'p>(
        &'p self,
        aggregate_type: &'p &'static str,
        topic: &'p &str,
        lock_timeout: &'p &'static str,
    ) -> Vec<&'p (dyn ToSql + Sync)> {
        let (events, keys) = (&self.events, &self.keys);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
            aggregate_type,
            topic,
            lock_timeout,
            &self.streams,
            &self.expected,
            &self.versions,
            &self.states,
            &self.metadata,
            &self.slots,
            &events.numbers,
            &events.versions,
            &events.types,
            &events.event_versions,
            &events.payloads,
            &events.ids,
            &events.published,
            &events.headers,
        ];
        if keys.any {
            let keyed: [&(dyn ToSql + Sync); 7] = [
                &keys.callers,
                &keys.keys,
                &keys.fingerprints,
                &keys.statuses,
                &keys.headers,
                &keys.bodies,
                &keys.kept_for,
            ];
            parameters.extend(keyed);
        }
        parameters
    }
}

/// The values of a command that goes alone, as its statement numbers them.
pub struct Lone<'a> {
    stream: &'a str,
    expected: i64,
    version: i64,
    state: &'a str,
    metadata: &'a str,
    slot: i16,
    events: Events<'a>,
}

impl<'a> Lone<'a> {
    pub fn of(command: &'a Command) -> Self {
        let mut events = Events::default();
        events.push(1, command);
        Self {
            stream: &command.stream,
            expected: command.expected as i64,
            version: command.version() as i64,
            state: &command.state,
            metadata: &command.metadata,
            slot: command.slot,
            events,
        }
    }

    pub fn parameters<'p>(
        &'p self,
        aggregate_type: &'p &'static str,
        topic: &'p &str,
        lock_timeout: &'p &'static str,
    ) -> [&'p (dyn ToSql + Sync); 16] {
        let events = &self.events;
        [
            aggregate_type,
            topic,
            lock_timeout,
            &self.stream,
            &self.expected,
            &self.version,
            &self.state,
            &self.metadata,
            &self.slot,
            &events.versions,
            &events.types,
            &events.event_versions,
            &events.payloads,
            &events.ids,
            &events.published,
            &events.headers,
        ]
    }
}

impl<'a> Events<'a> {
    fn push(&mut self, number: i64, command: &'a Command) {
        for (version, event) in (command.expected as i64 + 1..).zip(&command.events) {
            self.numbers.push(number);
            self.versions.push(version);
            self.types.push(&event.event_type);
            self.event_versions.push(&event.event_version);
            self.payloads.push(&event.payload);
            self.ids.push(event.id);
            self.published.push(&event.published);
            self.headers.push(&event.headers);
        }
    }
}

impl<'a> Keys<'a> {
    fn push(&mut self, command: &'a Command) -> Result<(), EventStoreError> {
        let record = command.idempotency.as_ref();
        let headers = record.map(|r| serde_json::to_string(&r.answer.headers));
        self.any |= record.is_some();
        self.callers.push(record.map(|r| r.caller.as_str()));
        self.keys.push(record.map(|r| r.key.as_str()));
        self.fingerprints
            .push(record.map(|r| r.fingerprint.as_slice()));
        self.statuses.push(record.map(|r| r.answer.status as i16));
        self.headers.push(headers.transpose()?);
        self.bodies.push(record.map(|r| r.answer.body.as_slice()));
        self.kept_for.push(record.map(|r| r.kept_for.as_secs_f64()));
        Ok(())
    }
}
