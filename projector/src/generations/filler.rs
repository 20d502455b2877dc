use std::marker::PhantomData;
use std::sync::Arc;

use bson::RawDocumentBuf;
use domain::contract::PublishedOrderEvent;
use domain::order::{Order, OrderEvent};
use event_store::dead_letters::DeadLetters;
use event_store::{EventStore, IdRange, StoredEvent, UnreadableEvent};
use read_models::{Generation, ReadDatabase};
use serde::Serialize;

use super::insert::insert;
use super::unapplied::hold;
use crate::documents::{self, Change, Entry, Known};
use crate::heal::Healer;
use crate::{OrderProjection, ProjectorError, RecordFault};

/// Events of a page. Two pages and what they fold to are all that a range keeps in memory.
const PAGE: u32 = 1000;

/// Folds ranges of the store into a generation.
pub(super) struct Filler<P> {
    pub database: ReadDatabase,
    pub store: EventStore<Order>,
    pub dead_letters: DeadLetters,
    pub generation: Generation,
    /// Its holds are kept.
    pub live: Option<Generation>,
    pub topic: Arc<str>,
    pub projection: PhantomData<P>,
}

impl<P> Clone for Filler<P> {
    fn clone(&self) -> Self {
        Self {
            database: self.database.clone(),
            store: self.store.clone(),
            dead_letters: self.dead_letters.clone(),
            generation: self.generation.clone(),
            live: self.live.clone(),
            topic: self.topic.clone(),
            projection: PhantomData,
        }
    }
}

/// What became of a range, or of a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    pub events: u64,
    pub held: u64,
}

/// An order's document, as it is stored.
pub(super) struct Folded {
    pub order_id: String,
    pub version: i64,
    pub document: RawDocumentBuf,
}

/// An order whose events are streaming by.
struct Open<P: OrderProjection> {
    order_id: String,
    /// Of the last event folded in.
    version: u64,
    /// As far as it could be folded; none beside a fault.
    document: Option<P::Document>,
    /// The first event that cannot be applied. What comes after it waits.
    fault: Option<(u64, RecordFault)>,
}

impl<P: OrderProjection> Filler<P> {
    /// Reads a range page by page, and writes each page's orders. `read` hears of every page.
    pub async fn range(
        &self,
        range: &IdRange,
        read: impl Fn(u64),
    ) -> Result<Filled, ProjectorError> {
        let mut filled = Filled::default();
        let mut last: Option<(String, u64)> = None;
        let mut open: Option<Open<P>> = None;
        loop {
            let after = last.as_ref().map(|(id, version)| (id.as_str(), *version));
            let page = self.store.page_of(range, after, PAGE).await?;
            let (events, whole) = (page.len(), page.len() < PAGE as usize);
            if let Some(end) = page.last() {
                let (id, version) = place(end);
                last = Some((id.to_owned(), version));
            }
            let mut closed = Vec::new();
            for entry in page {
                let (id, _) = place(&entry);
                if open.as_ref().is_none_or(|open| open.order_id != id) {
                    closed.extend(open.replace(Open::new(id)));
                }
                if let Some(open) = &mut open {
                    open.take(entry);
                }
            }
            if whole {
                closed.extend(open.take());
            }
            filled.held += self.write(closed).await?;
            filled.events += events as u64;
            read(events as u64);
            if whole {
                return Ok(filled);
            }
        }
    }

    /// How many of them are held back.
    async fn write(&self, orders: Vec<Open<P>>) -> Result<u64, ProjectorError> {
        let mut faults = Vec::new();
        let mut folded = Vec::with_capacity(orders.len());
        for order in orders {
            match (order.fault, order.document) {
                (Some((version, fault)), _) => faults.push((order.order_id, version, fault)),
                (None, Some(document)) => {
                    folded.push(Folded::of(order.order_id, order.version, document)?);
                }
                (None, None) => {}
            }
        }
        let left = insert(&self.database, &self.generation, folded).await?;
        let mut left = self.behind(left).await?;
        while !left.is_empty() {
            let changes = left.iter().map(|(folded, guard)| Change {
                order_id: folded.order_id.clone(),
                guard: guard.clone(),
                document: folded.document.clone(),
            });
            let changes = changes.collect();
            let written = documents::write(&self.database, &self.generation, changes).await?;
            for (order_id, fault) in written.refused {
                let known = left.iter().find(|(folded, _)| folded.order_id == order_id);
                let version = known.map_or(1, |(folded, _)| folded.version);
                faults.push((order_id, version as u64, fault));
            }
            let missed = left.into_iter().map(|(folded, _)| folded);
            let missed = missed.filter(|folded| written.missed.contains(&folded.order_id));
            left = self.behind(missed.collect()).await?;
        }
        let mut held = 0;
        let healer = Healer::<P> {
            database: self.database.clone(),
            generation: self.generation.clone(),
            store: self.store.clone(),
            projection: PhantomData,
        };
        for (order_id, version, fault) in faults {
            let (live, topic) = (self.live.as_ref(), &self.topic);
            let desk = &self.dead_letters;
            let holds = hold(&healer, desk, live, topic, &order_id, version, &fault).await?;
            held += u64::from(holds);
        }
        Ok(held)
    }

    /// What was filled before, by a builder who is gone, may be behind by now; whatever else is
    /// there is at least as new.
    async fn behind(
        &self,
        there: Vec<Folded>,
    ) -> Result<Vec<(Folded, documents::Guard)>, ProjectorError> {
        if there.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = there.iter().map(|f| f.order_id.clone()).collect();
        let mut read = documents::read(&self.database, &self.generation, &ids).await?;
        let behind = |folded: Folded| {
            let known: Known<P> = read.remove(&folded.order_id).unwrap_or_default();
            let level = known.version >= folded.version && known.held_back.is_none();
            (!level).then_some((folded, known.guard))
        };
        Ok(there.into_iter().filter_map(behind).collect())
    }
}

impl Folded {
    fn of(
        order_id: String,
        version: u64,
        document: impl Serialize,
    ) -> Result<Self, ProjectorError> {
        let entry = Entry {
            order_id,
            version: version as i64,
            document: Some(document),
            held_back: None,
        };
        Ok(Self {
            document: entry.raw()?,
            order_id: entry.order_id,
            version: entry.version,
        })
    }
}

impl<P: OrderProjection> Open<P> {
    fn new(order_id: &str) -> Self {
        Self {
            order_id: order_id.to_owned(),
            version: 0,
            document: None,
            fault: None,
        }
    }

    fn take(&mut self, entry: Result<StoredEvent<OrderEvent>, UnreadableEvent>) {
        if self.fault.is_some() {
            return;
        }
        let (_, version) = place(&entry);
        let next = self.version + 1;
        let fault = match entry {
            Ok(_) if version != next => RecordFault::Gap {
                order_id: self.order_id.clone(),
                known: next as i64 - 1,
                version,
            },
            Ok(stored) => {
                let event = PublishedOrderEvent {
                    envelope: stored.envelope,
                    content: stored.event.into(),
                };
                match P::apply(self.document.take(), &event) {
                    Ok(document) => {
                        self.document = Some(document);
                        self.version = version;
                        return;
                    }
                    Err(illegal) => illegal.into(),
                }
            }
            Err(unreadable) => RecordFault::Store {
                order_id: self.order_id.clone(),
                reason: unreadable.to_string(),
            },
        };
        self.fault = Some((version, fault));
    }
}

fn place(entry: &Result<StoredEvent<OrderEvent>, UnreadableEvent>) -> (&str, u64) {
    match entry {
        Ok(stored) => (&stored.envelope.aggregate_id, stored.envelope.version),
        Err(unreadable) => (&unreadable.aggregate_id, unreadable.version),
    }
}
