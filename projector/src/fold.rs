use std::collections::{BTreeMap, HashMap};

use domain::contract::{Envelope, PublishedOrderEvent};
use domain::order::Order;
use event_store::{EventStore, EventStoreError};
use read_models::OrderDocument;

use crate::RecordFault;
use crate::batch::{Batch, Fault, PlacedEvent};
use crate::order_view::project;

/// A document that changed, and the version it was read at (0: there was none).
pub(crate) struct Changed {
    pub read_version: i64,
    pub document: OrderDocument,
}

/// How many events a fold met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub applied: u64,
    /// Known already: delivered before.
    pub repeated: u64,
    /// Missing on the topic, taken from the event store.
    pub healed: u64,
}

/// Folds the batch's events of `orders` onto the documents as they were read. What cannot be
/// folded is noted in the batch.
pub(crate) async fn fold(
    store: &EventStore<Order>,
    batch: &mut Batch,
    orders: &[String],
    mut documents: HashMap<String, OrderDocument>,
    counts: &mut Counts,
) -> Result<Vec<Changed>, EventStoreError> {
    let mut changed = Vec::new();
    let mut faults = Vec::new();
    for order_id in orders {
        let Some(events) = batch.events.get(order_id) else {
            continue;
        };
        let before = documents.remove(order_id);
        let read_version = before.as_ref().map_or(0, |d| d.version);
        let (after, fault) = fold_order(store, order_id, before, events, counts).await?;
        faults.extend(fault);
        if let Some(document) = after
            && document.version > read_version
        {
            changed.push(Changed {
                read_version,
                document,
            });
        }
    }
    for fault in faults {
        batch.stop(fault);
    }
    Ok(changed)
}

/// As far as the events can be folded, and the one that cannot.
async fn fold_order(
    store: &EventStore<Order>,
    order_id: &str,
    mut document: Option<OrderDocument>,
    events: &[PlacedEvent],
    counts: &mut Counts,
) -> Result<(Option<OrderDocument>, Option<Fault>), EventStoreError> {
    // Read at most once: what one gap needs may fill the next.
    let mut stored: Option<BTreeMap<u64, PublishedOrderEvent>> = None;
    for placed in events {
        let version = placed.event.envelope.version;
        let fault = |fault| {
            Some(Fault {
                partition: placed.partition,
                offset: placed.offset,
                key: Some(order_id.to_owned()),
                fault,
            })
        };
        loop {
            let known = document.as_ref().map_or(0, |d| d.version);
            let next = known as u64 + 1;
            if version < next {
                counts.repeated += 1;
                break;
            }
            let missing = version > next;
            let event = if missing {
                if stored.is_none() {
                    stored = match stored_after(store, order_id, known as u64).await {
                        Ok(events) => Some(events),
                        Err(error) if error.is_transient() => return Err(error),
                        Err(error) => {
                            let unreadable = RecordFault::Store {
                                order_id: order_id.to_owned(),
                                reason: error.to_string(),
                            };
                            return Ok((document, fault(unreadable)));
                        }
                    };
                }
                match stored.as_ref().and_then(|events| events.get(&next)) {
                    Some(event) => event,
                    None => {
                        let gap = RecordFault::Gap {
                            order_id: order_id.to_owned(),
                            known,
                            version,
                        };
                        return Ok((document, fault(gap)));
                    }
                }
            } else {
                &placed.event
            };
            match project(document.clone(), event) {
                Ok(after) => document = Some(after),
                Err(illegal) => return Ok((document, fault(illegal.into()))),
            }
            if !missing {
                counts.applied += 1;
                break;
            }
            counts.healed += 1;
        }
    }
    Ok((document, None))
}

/// The store's own events after a version, as they would be published.
async fn stored_after(
    store: &EventStore<Order>,
    order_id: &str,
    version: u64,
) -> Result<BTreeMap<u64, PublishedOrderEvent>, EventStoreError> {
    let events = store.stream_after(order_id, version).await?;
    Ok(events
        .into_iter()
        .map(|stored| {
            let envelope: Envelope = stored.envelope;
            let content = stored.event.into();
            (envelope.version, PublishedOrderEvent { envelope, content })
        })
        .collect())
}
