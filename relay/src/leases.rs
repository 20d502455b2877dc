use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use event_store::{EventStoreError, SlotLease, SlotLeases};

/// The slots of this relay, shared by all its parts.
///
/// A lease is believed in for two thirds of its time, by this machine's monotonic clock from before
/// the renewal was sent. A relay that was paused and still believes can do no harm: see the crate's
/// documentation.
#[derive(Clone)]
pub struct Leases {
    store: SlotLeases,
    trusted_for: Duration,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    held: BTreeMap<i16, Held>,
    /// Not read any more; given back at the next renewal, when what was under way has ended.
    leaving: BTreeSet<i16>,
}

struct Held {
    epoch: i64,
    until: Instant,
}

impl Leases {
    pub(crate) fn new(store: SlotLeases, lease: Duration) -> Self {
        Self {
            store,
            trusted_for: lease * 2 / 3,
            book: Arc::default(),
        }
    }

    /// Renews what is held, gives back what is above this relay's share, and takes what is below it
    /// and free. Returns how many slots are held.
    pub async fn renew(&self) -> Result<usize, EventStoreError> {
        let sent = Instant::now();
        let until = sent + self.trusted_for;
        let renewed = self.store.renew().await?;
        let mut held: BTreeMap<i16, Held> = BTreeMap::new();
        let epoch = |lease: &SlotLease| {
            (
                lease.slot,
                Held {
                    epoch: lease.epoch,
                    until,
                },
            )
        };
        held.extend(renewed.held.iter().map(epoch));

        let given_back: Vec<i16> = self.book().leaving.iter().copied().collect();
        if !given_back.is_empty() {
            self.store.release(&given_back).await?;
            for slot in &given_back {
                held.remove(slot);
            }
        }
        let missing = renewed.share.saturating_sub(held.len());
        if missing > 0 && given_back.is_empty() {
            let sent = Instant::now();
            let until = sent + self.trusted_for;
            let taken = self.store.take(missing).await?;
            held.extend(taken.iter().map(|l| {
                (
                    l.slot,
                    Held {
                        epoch: l.epoch,
                        until,
                    },
                )
            }));
        }
        let above = held.len().saturating_sub(renewed.share);
        let count = held.len() - above;
        let leaving: BTreeSet<i16> = held.keys().rev().take(above).copied().collect();
        *self.book() = Book { held, leaving };
        metrics::gauge!("relay_slots_held").set(count as f64);
        Ok(count)
    }

    /// Gives everything back, for others to take at once.
    pub(crate) async fn leave(&self) -> Result<(), EventStoreError> {
        *self.book() = Book::default();
        self.store.leave().await
    }

    /// What may be worked on now.
    pub(crate) fn held(&self) -> Vec<SlotLease> {
        let (book, now) = (self.book(), Instant::now());
        book.held
            .iter()
            .filter(|(slot, held)| held.until > now && !book.leaving.contains(slot))
            .map(|(&slot, held)| SlotLease {
                slot,
                epoch: held.epoch,
            })
            .collect()
    }

    /// The lease under which this relay still works on a slot.
    pub(crate) fn of(&self, slot: i16) -> Option<SlotLease> {
        let book = self.book();
        let held = book.held.get(&slot)?;
        (held.until > Instant::now()).then_some(SlotLease {
            slot,
            epoch: held.epoch,
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
