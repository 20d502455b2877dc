//! The projection `event_log`: every record that was on the topic, in its place. An audit trail:
//! it says what was there, junk and repeats included, and not what it meant.

mod projection;
mod worker;
mod write;

pub use worker::EventLogWorker;

use bson::DateTime;
use domain::contract::Envelope;
use messaging::IncomingRecord;
use read_models::{LoggedBytes, LoggedRecord};

pub struct EventLog;

/// What the log keeps of a record. Pure.
pub(crate) fn logged(record: &IncomingRecord) -> LoggedRecord {
    let payload = record.payload.as_deref();
    let envelope: Option<Envelope> = payload.and_then(|json| serde_json::from_slice(json).ok());
    let header = |name: &str| {
        let header = record.headers.iter().find(|(known, _)| known == name);
        header.and_then(|(_, value)| String::from_utf8(value.clone()?).ok())
    };
    let at = |envelope: &Envelope| {
        DateTime::from_millis(envelope.occurred_on.timestamp().as_millisecond())
    };
    LoggedRecord {
        id: format!("{}/{}/{}", record.topic, record.partition, record.offset),
        topic: record.topic.clone(),
        partition: record.partition,
        offset: record.offset,
        key: record.key.as_deref().map(LoggedBytes::of),
        version: envelope
            .as_ref()
            .and_then(|e| i64::try_from(e.version).ok()),
        occurred_on: envelope.as_ref().map(at),
        source: header("ce_source"),
        traceparent: header("traceparent"),
        replayed: header("replayed").is_some_and(|value| value == "true"),
        payload: payload.map(LoggedBytes::of),
        correlation_id: match &envelope {
            Some(envelope) => Some(envelope.correlation_id.clone()),
            None => header("correlation-id"),
        },
        event_id: envelope.as_ref().map(|e| e.event_id.to_string()),
        aggregate_id: envelope.as_ref().map(|e| e.aggregate_id.clone()),
        event_type: envelope.map(|e| e.event_type),
    }
}
