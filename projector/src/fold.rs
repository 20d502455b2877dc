use std::collections::{BTreeMap, VecDeque};

use domain::contract::{Envelope, PublishedOrderEvent};
use domain::order::Order;
use event_store::{EventStore, EventStoreError};
use read_models::{HeldBack, HeldStub, OrderDocument, OrderEntry};

use crate::RecordFault;
use crate::batch::{Arrived, PlacedEvent};
use crate::documents::Known;
use crate::order_view::project;

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
    pub(crate) fn add(&mut self, more: Self) {
        self.applied += more.applied;
        self.repeated += more.repeated;
        self.healed += more.healed;
        self.held += more.held;
    }
}

/// One order's events, as far as they could be folded onto its document.
pub(crate) struct Folded {
    /// What the document becomes, where it changes.
    pub entry: Option<OrderEntry>,
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
pub(crate) async fn fold(
    store: &EventStore<Order>,
    order_id: &str,
    known: &Known,
    events: &VecDeque<PlacedEvent>,
    most: usize,
) -> Result<Folded, EventStoreError> {
    if let Some(reason) = &known.unreadable {
        return Ok(Folded {
            entry: None,
            events: 0,
            stop: Some(Stop::Fault(RecordFault::Unreadable(reason.clone()))),
            counts: Counts::default(),
        });
    }
    if let Some(held) = known.held_back() {
        return Ok(wait_behind(known, held, events));
    }
    let mut fold = Fold {
        store,
        order_id,
        document: known.order(),
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
    let changed = fold.document.filter(|d| d.version > known.version());
    Ok(Folded {
        entry: changed.map(OrderEntry::Order),
        events: folded,
        stop,
        counts: fold.counts,
    })
}

/// Nothing is applied to a held order. That its events have been seen is kept, so that a healing
/// which has not read them misses its guard.
fn wait_behind(known: &Known, held: &HeldBack, events: &VecDeque<PlacedEvent>) -> Folded {
    let versions: Vec<i64> = events
        .iter()
        .map_while(|event| Some(event.content.envelope()?.version as i64))
        .collect();
    let newest_seen = versions.iter().fold(held.newest_seen, |a, &b| a.max(b));
    let raised = HeldBack {
        newest_seen,
        ..held.clone()
    };
    let entry = (raised != *held).then(|| known.entry.clone()).flatten();
    Folded {
        entry: entry.map(|entry| holding(entry, raised)),
        events: versions.len(),
        stop: (versions.len() < events.len()).then_some(Stop::Junk),
        counts: Counts {
            held: versions.len() as u64,
            ..Counts::default()
        },
    }
}

fn holding(entry: OrderEntry, held_back: HeldBack) -> OrderEntry {
    match entry {
        OrderEntry::Order(order) => OrderEntry::Order(OrderDocument {
            held_back: Some(held_back),
            ..order
        }),
        OrderEntry::Stub(stub) => OrderEntry::Stub(HeldStub::new(stub.order_id, held_back)),
    }
}

struct Fold<'a> {
    store: &'a EventStore<Order>,
    order_id: &'a str,
    document: Option<OrderDocument>,
    /// Read at most once: what one gap needs may fill the next.
    stored: Option<BTreeMap<u64, PublishedOrderEvent>>,
    counts: Counts,
}

impl Fold<'_> {
    /// Applies an event, and what is missing before it.
    async fn event(&mut self, event: &Arrived) -> Result<Option<Stop>, EventStoreError> {
        let Some(version) = event.envelope().map(|envelope| envelope.version) else {
            return Ok(Some(Stop::Junk));
        };
        loop {
            let known = self.document.as_ref().map_or(0, |d| d.version);
            let next = known as u64 + 1;
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
                Some(event) => project(document, event),
                None => match self.stored(next).await? {
                    Ok(Some(event)) => project(document, event),
                    Ok(None) => {
                        return Ok(Some(Stop::Fault(RecordFault::Gap {
                            order_id: self.order_id.to_owned(),
                            known,
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
