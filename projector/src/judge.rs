use domain::contract::Envelope;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Source, Subject,
};
use messaging::IncomingRecord;
use serde_json::json;

use crate::batch::order_id;
use crate::heal::{Healed, Healer};
use crate::{ProjectorError, RecordFault};

/// Puts a record that cannot be applied on the desk, and then asks the store what it meant: where
/// the order's stream folds without it, it was none of the order's own. A record without a
/// readable key holds nothing back.
///
/// The dead letter comes first, then the hold, and the record's offset last: whatever dies in
/// between is done again, and finds what it did before.
pub(crate) async fn judge(
    healer: &Healer,
    dead_letters: &DeadLetters,
    record: &IncomingRecord,
    fault: &RecordFault,
) -> Result<(), ProjectorError> {
    let item = item(record, fault);
    let recorded = dead_letters.record(&item).await?;
    let healed = match order_id(record) {
        Some(order_id) => healer.heal(order_id, recorded.id).await?,
        None => Healed::NoStream,
    };
    let held_back = matches!(healed, Healed::Held(_));
    if recorded.new {
        metrics::counter!(
            "dead_letters_total",
            "source" => item.source.as_str(), "reason" => item.reason.as_str()
        )
        .increment(1);
        tracing::error!(
            dead_letter_id = %recorded.id,
            order_id = item.subject.aggregate_id,
            topic = record.topic,
            partition = record.partition,
            offset = record.offset,
            error = %fault,
            held_back,
            "a record cannot be applied"
        );
    }
    Ok(())
}

fn item(record: &IncomingRecord, fault: &RecordFault) -> NewDeadLetter {
    let value = record.payload.as_deref().unwrap_or_default();
    let envelope: Option<Envelope> = serde_json::from_slice(value).ok();
    let subject = match envelope {
        Some(envelope) => Subject {
            aggregate_type: Some(envelope.aggregate_type),
            aggregate_id: Some(envelope.aggregate_id),
            version: Some(envelope.version),
            event_type: Some(envelope.event_type),
        },
        None => Subject {
            aggregate_id: order_id(record).map(str::to_owned),
            ..Subject::default()
        },
    };
    NewDeadLetter {
        source: Source::Projector,
        reason: fault.reason(),
        error_message: fault.to_string(),
        place: Place::Topic {
            partition: record.partition,
            offset: record.offset,
        },
        original: OriginalRecord {
            topic: record.topic.clone(),
            key: record.key.clone(),
            value: record.payload.clone(),
            headers: record.headers.clone(),
        },
        subject,
        metadata: json!({ "fault": fault.name(), "projection": "order_view" }),
    }
}
