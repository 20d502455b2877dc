use bson::doc;
use cqrs_es::Aggregate;
use domain::order::Order;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Source, Subject,
};
use mongodb::options::ReadPreference;
use read_models::Generation;
use serde_json::json;
use uuid::Uuid;

use crate::heal::{Healed, Healer};
use crate::{OrderProjection, ProjectorError, RecordFault};

/// Holds back an order whose stored events cannot be folded, as healing does: in front of the
/// event, by the dead letter that holds it in the live generation, or else by one of its own. False
/// where it turned out that nothing has to wait.
pub(super) async fn hold<P: OrderProjection>(
    healer: &Healer<P>,
    dead_letters: &DeadLetters,
    live: Option<&Generation>,
    topic: &str,
    order_id: &str,
    version: u64,
    fault: &RecordFault,
) -> Result<bool, ProjectorError> {
    let dead_letter = match held_by(healer, live, order_id).await? {
        Some(id) => id,
        None => {
            let item = item(healer, topic, order_id, version, fault).await?;
            dead_letters.record(&item).await?.id
        }
    };
    let healed = healer.heal(order_id, Some(dead_letter)).await?;
    let held_back = matches!(healed, Healed::Held(_));
    tracing::error!(order_id, version, dead_letter_id = %dead_letter, error = %fault, held_back,
        "a stored event cannot be applied");
    Ok(held_back)
}

async fn held_by<P: OrderProjection>(
    healer: &Healer<P>,
    live: Option<&Generation>,
    order_id: &str,
) -> Result<Option<Uuid>, ProjectorError> {
    let Some(live) = live else {
        return Ok(None);
    };
    let found: Option<bson::RawDocumentBuf> = healer
        .database
        .orders(live)
        .clone_with_type()
        .find_one(doc! { "_id": order_id })
        .selection_criteria(ReadPreference::Primary.into())
        .await?;
    // The engine's own field, in a document of whatever schema version.
    let held = found
        .as_ref()
        .and_then(|raw| raw.get_document("heldBack").ok());
    let id = held.and_then(|held| held.get_str("deadLetterId").ok());
    Ok(id.and_then(|id| id.parse().ok()))
}

/// The item shows the event as it is stored: it was not read from the topic.
async fn item<P: OrderProjection>(
    healer: &Healer<P>,
    topic: &str,
    order_id: &str,
    version: u64,
    fault: &RecordFault,
) -> Result<NewDeadLetter, ProjectorError> {
    let history = healer.store.history(order_id).await?;
    let stored = history.into_iter().find(|entry| entry.version == version);
    Ok(NewDeadLetter {
        source: Source::Projector,
        reason: fault.reason(),
        error_message: fault.to_string(),
        place: Place::Store(domain::event_id(Order::TYPE, order_id, version)),
        original: OriginalRecord {
            topic: topic.to_owned(),
            key: Some(order_id.as_bytes().to_vec()),
            value: stored.as_ref().map(|s| s.payload.get().as_bytes().to_vec()),
            headers: Vec::new(),
        },
        subject: Subject {
            aggregate_type: Some(Order::TYPE.to_owned()),
            aggregate_id: Some(order_id.to_owned()),
            version: Some(version),
            event_type: stored.map(|stored| stored.event_type),
        },
        metadata: json!({ "fault": fault.name(), "projection": P::NAME }),
    })
}
