use std::time::Duration;

use domain::order::Order;
use event_store::EventStore;
use read_models::{Generation, HeldBack, HeldStub, OrderDocument, OrderEntry, ReadDatabase};
use runtime::Backoff;
use uuid::Uuid;

use crate::documents::{Change, Known};
use crate::fold::{stored_after, unreadable};
use crate::order_view::project;
use crate::{ProjectorError, RecordFault, documents};

/// Brings documents to where the event store says they are, whatever the topic said.
pub(crate) struct Healer {
    pub database: ReadDatabase,
    pub generation: Generation,
    pub store: EventStore<Order>,
}

/// What the store made of an order.
#[derive(Debug)]
pub(crate) enum Healed {
    /// The document is the fold of all the store has. What was not applied is no part of it.
    Clean,
    /// One of the store's own events cannot be applied: the order is held back.
    Held(RecordFault),
    /// The store knows no such order.
    NoStream,
}

/// What the document has to become, and why it is held back, if so. `None`: there is no stream.
type Target = Option<(OrderEntry, Option<RecordFault>)>;

impl Healer {
    /// Folds the order's stream and writes the document. An event that cannot be applied holds the
    /// order back in front of it, by this dead letter unless another one holds it already.
    pub async fn heal(&self, order_id: &str, dead_letter: Uuid) -> Result<Healed, ProjectorError> {
        let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        let mut refused: Option<RecordFault> = None;
        loop {
            // The document first: an event that arrives after the stream was read makes the guard
            // miss.
            let orders = [order_id.to_owned()];
            let read = documents::read(&self.database, &self.generation, &orders).await?;
            let known = read.get(order_id).cloned().unwrap_or_default();
            let target = match refused.take() {
                None => self.target(order_id, &known, dead_letter).await?,
                Some(fault) => {
                    let from = known.version() + 1;
                    let entry = hold(order_id, &known, known.order(), from, 0, dead_letter);
                    Some((entry, Some(fault)))
                }
            };
            let Some((entry, fault)) = target else {
                return Ok(Healed::NoStream);
            };
            let holds = fault.is_some();
            let healed = fault.map_or(Healed::Clean, Healed::Held);
            if known.entry.as_ref() == Some(&entry) {
                return Ok(healed);
            }
            let change = Change {
                guard: known.guard,
                entry,
            };
            let mut written = documents::write(&self.database, &self.generation, &[change]).await?;
            match written.refused.pop() {
                Some((order_id, fault)) if holds => {
                    return Err(ProjectorError::Hold { order_id, fault });
                }
                Some((_, fault)) => refused = Some(fault),
                None if written.missed.is_empty() => return Ok(healed),
                None => tokio::time::sleep(again.wait()).await,
            }
        }
    }

    async fn target(
        &self,
        order_id: &str,
        known: &Known,
        dead_letter: Uuid,
    ) -> Result<Target, ProjectorError> {
        let stored = match stored_after(&self.store, order_id, 0).await {
            Ok(stored) => stored,
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) => {
                let from = known.version() + 1;
                let entry = hold(order_id, known, known.order(), from, 0, dead_letter);
                return Ok(Some((entry, Some(unreadable(order_id, &error)))));
            }
        };
        let Some((&head, _)) = stored.last_key_value() else {
            return Ok(None);
        };
        let mut document: Option<OrderDocument> = None;
        for (version, event) in &stored {
            match project(document.clone(), event) {
                Ok(after) => document = Some(after),
                Err(illegal) => {
                    let from = *version as i64;
                    let entry = hold(order_id, known, document, from, head as i64, dead_letter);
                    return Ok(Some((entry, Some(illegal.into()))));
                }
            }
        }
        Ok(document.map(|document| (OrderEntry::Order(document), None)))
    }
}

/// The last good document, or a stub, with the hold on it.
fn hold(
    order_id: &str,
    known: &Known,
    document: Option<OrderDocument>,
    from_version: i64,
    seen: i64,
    dead_letter: Uuid,
) -> OrderEntry {
    let held = known.held_back();
    let held_back = HeldBack {
        dead_letter_id: held.map_or_else(|| dead_letter.to_string(), |h| h.dead_letter_id.clone()),
        from_version,
        newest_seen: held
            .map_or(0, |h| h.newest_seen)
            .max(seen)
            .max(from_version),
    };
    match document {
        Some(document) => OrderEntry::Order(OrderDocument {
            held_back: Some(held_back),
            ..document
        }),
        None => OrderEntry::Stub(HeldStub::new(order_id.to_owned(), held_back)),
    }
}
