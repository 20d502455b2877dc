use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bson::{RawDocumentBuf, doc};
use futures::TryStreamExt;
use runtime::http::Caller;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::live::LiveGeneration;
use crate::query_error::QueryError;

/// Between two looks, while anybody waits.
const TICK: Duration = Duration::from_millis(20);

/// After a look that failed.
const AFTER_A_FAULT: Duration = Duration::from_millis(500);

/// Requests that wait for a version of an order. However many they are, one query a tick asks for
/// all of them.
#[derive(Clone)]
pub struct Waiters {
    waiting: Arc<Mutex<HashMap<String, Vec<Waiter>>>>,
    begun: Arc<Notify>,
    places: Arc<Semaphore>,
}

struct Waiter {
    version: i64,
    caller: Caller,
    reached: oneshot::Sender<()>,
    /// Kept until the waiter is forgotten, not until its request ends: this is what takes memory.
    _place: OwnedSemaphorePermit,
}

/// As many requests wait as may.
#[derive(Debug)]
pub struct Crowded;

/// What is known of an order.
struct Seen {
    customer_id: Option<String>,
    version: i64,
    held: bool,
}

impl Waiters {
    pub fn new(places: usize) -> Self {
        Self {
            waiting: Arc::default(),
            begun: Arc::default(),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Returns when the caller can see that version of the order, or that it is held back, or when
    /// the time is over.
    pub async fn wait(
        &self,
        order_id: &str,
        version: i64,
        caller: &Caller,
        at_most: Duration,
    ) -> Result<(), Crowded> {
        let place = self.places.clone().try_acquire_owned();
        let (reached, seen) = oneshot::channel();
        let waiter = Waiter {
            version,
            caller: caller.clone(),
            reached,
            _place: place.map_err(|_| Crowded)?,
        };
        self.waiting()
            .entry(order_id.to_owned())
            .or_default()
            .push(waiter);
        self.begun.notify_one();
        let _over = tokio::time::timeout(at_most, seen).await;
        Ok(())
    }

    /// Looks for ever.
    pub async fn run(&self, orders: LiveGeneration) {
        loop {
            let ids = self.ids();
            if ids.is_empty() {
                self.begun.notified().await;
                continue;
            }
            let pause = match look(&orders, &ids).await {
                Ok(seen) => {
                    self.tell(&seen);
                    TICK
                }
                Err(error) => {
                    tracing::debug!(%error, "nobody can be told that a version is there");
                    AFTER_A_FAULT
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Of the orders that somebody still waits for.
    fn ids(&self) -> Vec<String> {
        let mut waiting = self.waiting();
        waiting.retain(|_, waiters| {
            waiters.retain(|waiter| !waiter.reached.is_closed());
            !waiters.is_empty()
        });
        waiting.keys().cloned().collect()
    }

    fn tell(&self, seen: &HashMap<String, Seen>) {
        let mut waiting = self.waiting();
        for (id, seen) in seen {
            let Some(waiters) = waiting.get_mut(id) else {
                continue;
            };
            for waiter in waiters.extract_if(.., |waiter| waiter.is_told_by(seen)) {
                // One that has gone in the meantime needs no answer.
                let _gone = waiter.reached.send(());
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Vec<Waiter>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// A caller who may not see the order learns nothing from when it changes.
    fn is_told_by(&self, seen: &Seen) -> bool {
        let visible = match &seen.customer_id {
            Some(customer_id) => self.caller.may_touch(customer_id),
            None => self.caller.customer_id.is_none(),
        };
        visible && (seen.held || seen.version >= self.version)
    }
}

async fn look(
    orders: &LiveGeneration,
    ids: &[String],
) -> Result<HashMap<String, Seen>, QueryError> {
    let (found, _) = orders
        .ask(async |live| {
            let fields = doc! { "version": 1, "customerId": 1, "heldBack.fromVersion": 1 };
            let documents = live.documents::<RawDocumentBuf>();
            let found = documents.find(doc! { "_id": { "$in": ids } });
            Ok(found.projection(fields).await?.try_collect().await?)
        })
        .await?;
    let found: Vec<RawDocumentBuf> = found;
    let seen = found.iter().filter_map(|order| {
        let seen = Seen {
            customer_id: order.get_str("customerId").ok().map(str::to_owned),
            version: order.get_i64("version").ok()?,
            held: order.get_document("heldBack").is_ok(),
        };
        Some((order.get_str("_id").ok()?.to_owned(), seen))
    });
    Ok(seen.collect())
}
