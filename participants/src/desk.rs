use domain::contract::Envelope;
use event_store::WaitingRecord;
use event_store::dead_letters::{NewDeadLetter, OriginalRecord, Place, Source, Subject};
use messaging::IncomingRecord;
use serde_json::json;
use uuid::Uuid;

use crate::RecordFault;

/// A record of a blocked key, as it is kept.
pub fn waiting(record: &IncomingRecord, dead_letter_id: Option<Uuid>) -> WaitingRecord {
    WaitingRecord {
        position: 0,
        original: original(record),
        partition: record.partition,
        offset: record.offset,
        dead_letter_id,
        is_given_up: false,
    }
}

/// The record that was kept, or is on the desk.
pub fn incoming(original: &OriginalRecord, partition: i32, offset: i64) -> IncomingRecord {
    let original = original.clone();
    IncomingRecord {
        topic: original.topic,
        partition,
        offset,
        key: original.key,
        payload: original.value,
        headers: original.headers,
    }
}

fn original(record: &IncomingRecord) -> OriginalRecord {
    OriginalRecord {
        topic: record.topic.clone(),
        key: record.key.clone(),
        value: record.payload.clone(),
        headers: record.headers.clone(),
    }
}

pub fn dead_letter(record: &IncomingRecord, fault: &RecordFault, consumer: &str) -> NewDeadLetter {
    let value = record.payload.as_deref().unwrap_or_default();
    let envelope: Option<Envelope> = serde_json::from_slice(value).ok();
    let key = record.key.as_deref();
    let subject = match envelope {
        Some(envelope) => Subject {
            aggregate_type: Some(envelope.aggregate_type),
            aggregate_id: Some(envelope.aggregate_id),
            version: Some(envelope.version),
            event_type: Some(envelope.event_type),
        },
        None => Subject {
            aggregate_id: key.and_then(|key| String::from_utf8(key.to_vec()).ok()),
            ..Subject::default()
        },
    };
    NewDeadLetter {
        source: Source::Participant,
        reason: fault.reason(),
        error_message: fault.to_string(),
        place: Place::Topic {
            partition: record.partition,
            offset: record.offset,
        },
        original: original(record),
        subject,
        metadata: json!({ "fault": fault.name(), "participant": consumer }),
    }
}
