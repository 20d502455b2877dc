use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bson::{RawDocumentBuf, doc};
use futures::TryStreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::live::{Live, LiveGeneration};
use crate::query_error::{QueryError, in_time};

/// Questions to MongoDB under way at a time.
const AT_ONCE: usize = 4;
/// Orders asked for by one question: all of them come with its first answer.
const TOGETHER: usize = 100;

/// Reads single orders. One that is asked for while enough questions are under way is asked for by
/// the next, together with all that came meanwhile: never by one that was sent before it came, so
/// that a caller who knows of a write sees it.
#[derive(Clone)]
pub(crate) struct OrderReads {
    orders: LiveGeneration,
    asked: Arc<Mutex<Vec<Asked>>>,
    places: Arc<Semaphore>,
}

type Found = (Option<RawDocumentBuf>, Arc<Live>);

struct Asked {
    id: String,
    answer: oneshot::Sender<Result<Found, QueryError>>,
}

impl OrderReads {
    pub fn new(orders: LiveGeneration) -> Self {
        Self {
            orders,
            asked: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// In time: waiting for a place counts, too.
    pub async fn read(&self, id: &str) -> Result<Found, QueryError> {
        let (answer, answered) = oneshot::channel();
        let id = id.to_owned();
        self.change(|asked| asked.push(Asked { id, answer }));
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            tokio::spawn(self.clone().ask(place));
        }
        in_time(async { answered.await.unwrap_or(Err(QueryError::Late)) }).await
    }

    /// Until nothing is left to ask for.
    async fn ask(self, mut place: OwnedSemaphorePermit) {
        loop {
            let asked = self.change(first);
            if !asked.is_empty() {
                self.answer(asked).await;
                continue;
            }
            // Who came since the look, and found no place, relies on a second one.
            drop(place);
            if self.change(|asked| asked.is_empty()) {
                return;
            }
            place = match self.places.clone().try_acquire_owned() {
                Ok(again) => again,
                Err(_) => return,
            };
        }
    }

    async fn answer(&self, asked: Vec<Asked>) {
        let ids: Vec<&str> = asked.iter().map(|one| one.id.as_str()).collect();
        let found = self.orders.ask(async |live| find(&live, &ids).await).await;
        let found = found.map_err(Arc::new);
        for Asked { id, answer } in asked {
            // Who has hung up needs no answer.
            let _gone = answer.send(match &found {
                Ok((found, live)) => Ok((found.get(&id).cloned(), live.clone())),
                Err(error) => Err(QueryError::Together(error.clone())),
            });
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Asked>) -> T) -> T {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut asked)
    }
}

/// Those who came first, without the ones who have hung up.
fn first(asked: &mut Vec<Asked>) -> Vec<Asked> {
    asked.retain(|one| !one.answer.is_closed());
    asked.drain(..asked.len().min(TOGETHER)).collect()
}

async fn find(live: &Live, ids: &[&str]) -> Result<HashMap<String, RawDocumentBuf>, QueryError> {
    let entries = live.documents::<RawDocumentBuf>();
    let mut found = entries.find(doc! { "_id": { "$in": ids } }).await?;
    let mut by_id = HashMap::with_capacity(ids.len());
    while let Some(entry) = found.try_next().await? {
        if let Ok(id) = entry.get_str("_id") {
            by_id.insert(id.to_owned(), entry);
        }
    }
    Ok(by_id)
}
