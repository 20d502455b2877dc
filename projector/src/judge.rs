use domain::contract::Envelope;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Recorded, Source, Subject,
};
use messaging::IncomingRecord;
use serde_json::json;

use crate::batch::order_id;
use crate::heal::{Healed, Healer};
use crate::{OrderProjection, ProjectorError, RecordFault};

/// Puts a record that cannot be applied on the desk, and then asks the store what it meant: where
/// the order's stream folds without it, it was none of the order's own. A record without a
/// readable key holds nothing back.
///
/// The dead letter comes first, then the hold, and the record's offset last: whatever dies in
/// between is done again, and finds what it did before.
pub(crate) async fn judge<P: OrderProjection>(
    healer: &Healer<P>,
    dead_letters: &DeadLetters,
    record: &IncomingRecord,
    fault: &RecordFault,
) -> Result<(), ProjectorError> {
    let recorded = put_on_desk(dead_letters, record, fault, P::NAME).await?;
    let Some(order_id) = order_id(record) else {
        return Ok(());
    };
    let healed = healer.heal(order_id, Some(recorded.id)).await?;
    if recorded.new && matches!(healed, Healed::Held(_)) {
        tracing::error!(dead_letter_id = %recorded.id, order_id, "the order is held back");
    }
    Ok(())
}

/// Stores a record that cannot be applied as a dead letter: the same one, however often.
pub(crate) async fn put_on_desk(
    dead_letters: &DeadLetters,
    record: &IncomingRecord,
    fault: &RecordFault,
    projection: &str,
) -> Result<Recorded, ProjectorError> {
    let item = item(record, fault, projection);
    let recorded = dead_letters.record(&item).await?;
    if recorded.new {
        metrics::counter!(
            "dead_letters_total",
            "source" => item.source.as_str(), "reason" => item.reason.as_str()
        )
        .increment(1);
        tracing::error!(
            dead_letter_id = %recorded.id,
            projection,
            order_id = item.subject.aggregate_id,
            topic = record.topic,
            partition = record.partition,
            offset = record.offset,
            error = %fault,
            "a record cannot be applied"
        );
    }
    Ok(recorded)
}

fn item(record: &IncomingRecord, fault: &RecordFault, projection: &str) -> NewDeadLetter {
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
        metadata: json!({ "fault": fault.name(), "projection": projection }),
    }
}
