use std::marker::PhantomData;
use std::time::Duration;

use bson::RawDocument;
use domain::order::Order;
use event_store::EventStore;
use read_models::{Generation, HeldBack, ReadDatabase};
use runtime::Backoff;
use uuid::Uuid;

use crate::documents::{Change, Entry, Known};
use crate::fold::{stored_after, unreadable};
use crate::totals::recompute_one_order;
use crate::{OrderProjection, ProjectorError, RecordFault, documents};

/// Brings documents to where the event store says they are, whatever the topic said.
pub(crate) struct Healer<P> {
    pub database: ReadDatabase,
    pub generation: Generation,
    pub store: EventStore<Order>,
    pub projection: PhantomData<P>,
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
type Target<D> = Option<(Entry<D>, Option<RecordFault>)>;

impl<P: OrderProjection> Healer<P> {
    /// Folds the order's stream and writes the document. An event that cannot be applied holds the
    /// order back in front of it, by this dead letter unless another one holds it already. Without
    /// a dead letter nothing is written then: a hold that names none would wait for ever.
    pub async fn heal(
        &self,
        order_id: &str,
        dead_letter: Option<Uuid>,
    ) -> Result<Healed, ProjectorError> {
        let by = dead_letter.unwrap_or_default();
        let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        let mut refused: Option<RecordFault> = None;
        loop {
            // The document first: an event that arrives after the stream was read makes the guard
            // miss.
            let orders = [order_id.to_owned()];
            let mut read = documents::read(&self.database, &self.generation, &orders).await?;
            let known: Known<P> = read.remove(order_id).unwrap_or_default();
            let target = match refused.take() {
                None => self.target(order_id, &known, by).await?,
                Some(fault) => {
                    let good = (known.version, known.document.clone());
                    let entry = hold(order_id, &known, good, 0, by);
                    Some((entry, Some(fault)))
                }
            };
            let Some((entry, fault)) = target else {
                return Ok(Healed::NoStream);
            };
            let holds = fault.is_some();
            if holds && dead_letter.is_none() && known.held_back.is_none() {
                return Ok(fault.map_or(Healed::Clean, Healed::Held));
            }
            let healed = fault.map_or(Healed::Clean, Healed::Held);
            let mut document = entry.raw()?;
            // A hold is what makes somebody come back here: it goes after the totals are right.
            let mut last = true;
            if let Some(held_back) = known.held_back.clone().filter(|_| !holds) {
                let held_back = Some(held_back);
                let kept = Entry { held_back, ..entry }.raw()?;
                if known.raw.as_ref() == Some(&kept) {
                    self.recompute(&[Some(&kept)]).await?;
                } else {
                    (document, last) = (kept, false);
                }
            } else if known.raw.as_ref() == Some(&document) {
                // Whoever wrote it may not have come further.
                self.recompute(&[Some(&document)]).await?;
                return Ok(healed);
            }
            let change = Change {
                order_id: order_id.to_owned(),
                guard: known.guard,
                document: document.clone(),
            };
            let changes = vec![change];
            let mut written = documents::write(&self.database, &self.generation, changes).await?;
            match written.refused.pop() {
                Some((order_id, fault)) if holds => {
                    return Err(ProjectorError::Hold { order_id, fault });
                }
                Some((_, fault)) => refused = Some(fault),
                None if written.missed.is_empty() => {
                    let (before, after) = (known.raw.as_deref(), document.as_ref());
                    self.recompute(&[before, Some(after)]).await?;
                    if last {
                        return Ok(healed);
                    }
                }
                None => tokio::time::sleep(again.wait()).await,
            }
        }
    }

    /// The totals that an order counts in.
    async fn recompute(&self, documents: &[Option<&RawDocument>]) -> Result<(), ProjectorError> {
        recompute_one_order::<P>(&self.database, &self.generation, documents).await
    }

    async fn target(
        &self,
        order_id: &str,
        known: &Known<P>,
        dead_letter: Uuid,
    ) -> Result<Target<P::Document>, ProjectorError> {
        let stored = match stored_after(&self.store, order_id, 0).await {
            Ok(stored) => stored,
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) => {
                let good = (known.version, known.document.clone());
                let entry = hold(order_id, known, good, 0, dead_letter);
                return Ok(Some((entry, Some(unreadable(order_id, &error)))));
            }
        };
        let Some((&head, _)) = stored.last_key_value() else {
            return Ok(None);
        };
        let mut good = (0, None);
        for (version, event) in &stored {
            match P::apply(good.1.clone(), event) {
                Ok(after) => good = (*version as i64, Some(after)),
                Err(illegal) => {
                    let entry = hold(order_id, known, good, head as i64, dead_letter);
                    return Ok(Some((entry, Some(illegal.into()))));
                }
            }
        }
        let (version, document) = good;
        let entry = Entry {
            order_id: order_id.to_owned(),
            version,
            document,
            held_back: None,
        };
        Ok(Some((entry, None)))
    }
}

/// The last good document, or a stub, with the hold on it.
fn hold<P: OrderProjection>(
    order_id: &str,
    known: &Known<P>,
    (version, document): (i64, Option<P::Document>),
    seen: i64,
    dead_letter: Uuid,
) -> Entry<P::Document> {
    let held = known.held_back.as_ref();
    let from_version = version + 1;
    let held_back = HeldBack {
        dead_letter_id: held.map_or_else(|| dead_letter.to_string(), |h| h.dead_letter_id.clone()),
        from_version,
        newest_seen: held
            .map_or(0, |h| h.newest_seen)
            .max(seen)
            .max(from_version),
    };
    Entry {
        order_id: order_id.to_owned(),
        version,
        document,
        held_back: Some(held_back),
    }
}
