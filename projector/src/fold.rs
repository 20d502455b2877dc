use std::collections::{BTreeMap, VecDeque};

use domain::contract::{Envelope, PublishedOrderEvent};
use domain::order::Order;
use event_store::{EventStore, EventStoreError};
use read_models::HeldBack;

use crate::batch::{Arrived, PlacedEvent};
use crate::documents::{Entry, Known};
use crate::{OrderProjection, RecordFault};

/// How many events a fold met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub applied: u64,
    /// Known already: delivered before.
    pub repeated: u64,
    /// Missing on the topic, taken from the event store.
    pub healed: u64,
    /// Of a held order: they wait in the event store.
    pub held: u64,
}

impl Counts {
    /// All events were new, and none waits.
    pub(crate) fn only_applied(self) -> bool {
        [self.repeated, self.healed, self.held] == [0; 3]
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.applied += more.applied;
        self.repeated += more.repeated;
        self.healed += more.healed;
        self.held += more.held;
    }
}

/// One order's events, as far as they could be folded onto its document.
pub(crate) struct Folded<D> {
    /// What the document becomes, where it changes.
    pub entry: Option<Entry<D>>,
    /// How many of the events that covers.
    pub events: usize,
    /// Why the next one cannot be applied.
    pub stop: Option<Stop>,
    pub counts: Counts,
}

/// Why a fold went no further.
pub(crate) enum Stop {
    /// The record says itself what is wrong with it.
    Junk,
    Fault(RecordFault),
}

/// Folds events onto the document as it was read; `most` of them, if that is less.
pub(crate) async fn fold<P: OrderProjection>(
    store: &EventStore<Order>,
    order_id: &str,
    known: &Known<P>,
    events: &VecDeque<PlacedEvent>,
    most: usize,
) -> Result<Folded<P::Document>, EventStoreError> {
    if let Some(reason) = &known.unreadable {
        return Ok(Folded {
            entry: None,
            events: 0,
            stop: Some(Stop::Fault(RecordFault::Unreadable(reason.clone()))),
            counts: Counts::default(),
        });
    }
    if let Some(held) = &known.held_back {
        return Ok(wait_behind(order_id, known, held, events));
    }
    let mut fold: Fold<'_, P> = Fold {
        store,
        order_id,
        version: known.version,
        document: known.document.clone(),
        stored: None,
        counts: Counts::default(),
    };
    let mut folded = 0;
    let mut stop = None;
    for event in events.iter().take(most) {
        stop = fold.event(&event.content).await?;
        if stop.is_some() {
            break;
        }
        folded += 1;
    }
    let entry = (fold.version > known.version).then(|| Entry {
        order_id: order_id.to_owned(),
        version: fold.version,
        document: fold.document,
        held_back: None,
    });
    Ok(Folded {
        entry,
        events: folded,
        stop,
        counts: fold.counts,
    })
}

/// Nothing is applied to a held order. That its events have been seen is kept, so that a healing
/// which has not read them misses its guard.
fn wait_behind<P: OrderProjection>(
    order_id: &str,
    known: &Known<P>,
    held: &HeldBack,
    events: &VecDeque<PlacedEvent>,
) -> Folded<P::Document> {
    let versions: Vec<i64> = events
        .iter()
        .map_while(|event| Some(event.content.envelope()?.version as i64))
        .collect();
    let newest_seen = versions.iter().fold(held.newest_seen, |a, &b| a.max(b));
    let entry = (newest_seen > held.newest_seen).then(|| Entry {
        order_id: order_id.to_owned(),
        version: known.version,
        document: known.document.clone(),
        held_back: Some(HeldBack {
            newest_seen,
            ..held.clone()
        }),
    });
    Folded {
        entry,
        events: versions.len(),
        stop: (versions.len() < events.len()).then_some(Stop::Junk),
        counts: Counts {
            held: versions.len() as u64,
            ..Counts::default()
        },
    }
}

struct Fold<'a, P: OrderProjection> {
    store: &'a EventStore<Order>,
    order_id: &'a str,
    version: i64,
    document: Option<P::Document>,
    /// Read at most once: what one gap needs may fill the next.
    stored: Option<BTreeMap<u64, PublishedOrderEvent>>,
    counts: Counts,
}

impl<P: OrderProjection> Fold<'_, P> {
    /// Applies an event, and what is missing before it.
    async fn event(&mut self, event: &Arrived) -> Result<Option<Stop>, EventStoreError> {
        let Some(version) = event.envelope().map(|envelope| envelope.version) else {
            return Ok(Some(Stop::Junk));
        };
        loop {
            let next = self.version as u64 + 1;
            if version < next {
                self.counts.repeated += 1;
                return Ok(None);
            }
            let from_topic = match event {
                Arrived::Event(event) if version == next => Some(event),
                _ => None,
            };
            let document = self.document.clone();
            let after = match from_topic {
                Some(event) => P::apply(document, event),
                None => match self.stored(next).await? {
                    Ok(Some(event)) => P::apply(document, event),
                    Ok(None) => {
                        return Ok(Some(Stop::Fault(RecordFault::Gap {
                            order_id: self.order_id.to_owned(),
                            known: self.version,
                            version,
                        })));
                    }
                    Err(fault) => return Ok(Some(Stop::Fault(fault))),
                },
            };
            match after {
                Ok(document) => self.document = Some(document),
                Err(illegal) => return Ok(Some(Stop::Fault(illegal.into()))),
            }
            self.version += 1;
            if from_topic.is_some() {
                self.counts.applied += 1;
                return Ok(None);
            }
            self.counts.healed += 1;
            if version == next {
                return Ok(None);
            }
        }
    }

    /// The store's own event of that version.
    async fn stored(
        &mut self,
        version: u64,
    ) -> Result<Result<Option<&PublishedOrderEvent>, RecordFault>, EventStoreError> {
        if self.stored.is_none() {
            match stored_after(self.store, self.order_id, version - 1).await {
                Ok(events) => self.stored = Some(events),
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => return Ok(Err(unreadable(self.order_id, &error))),
            }
        }
        let stored = self.stored.as_ref();
        Ok(Ok(stored.and_then(|events| events.get(&version))))
    }
}

pub(crate) fn unreadable(order_id: &str, error: &EventStoreError) -> RecordFault {
    RecordFault::Store {
        order_id: order_id.to_owned(),
        reason: error.to_string(),
    }
}

/// The store's own events after a version, as they would be published.
pub(crate) async fn stored_after(
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
