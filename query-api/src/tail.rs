use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use read_models::{Generation, LoggedBytes, LoggedRecord};
use tokio::sync::{Notify, broadcast, watch};

use crate::live::LiveGeneration;
use crate::places::Places;
use crate::query_error::{QueryError, in_time};
use crate::tail_reader::TailReader;

/// Between two looks that find nothing new.
const TICK: Duration = Duration::from_millis(50);

/// After a look that failed.
const AFTER_A_FAULT: Duration = Duration::from_millis(500);

/// What is kept for streams that are behind: so many batches of about that size. A stream that
/// needs older ones reads them itself.
const BATCHES: usize = 256;
const BATCH_BYTES: usize = 64 * 1024;

/// The end of the event log, read once for all streams, and not at all while there are none. Clones
/// share it.
#[derive(Clone)]
pub struct Tail {
    events: LiveGeneration,
    state: Arc<Mutex<State>>,
    wanted: Arc<Notify>,
    runs: watch::Sender<bool>,
}

struct State {
    /// How far it has been read. `None` while it is not.
    end: Option<End>,
    batches: broadcast::Sender<Batch>,
}

/// Whatever lies before it can be read by everybody, or will never be there.
#[derive(Clone)]
pub struct End {
    pub generation: Generation,
    /// `None` while nothing is logged.
    pub topic: Option<String>,
    pub places: Places,
}

pub type Batch = Arc<[LoggedRecord]>;

/// From `end` on, every record comes in the batches.
pub struct Subscription {
    pub end: End,
    pub batches: broadcast::Receiver<Batch>,
}

impl Tail {
    pub fn new(events: LiveGeneration) -> Self {
        let state = State {
            end: None,
            batches: broadcast::Sender::new(BATCHES),
        };
        Self {
            events,
            state: Arc::new(Mutex::new(state)),
            wanted: Arc::default(),
            runs: watch::Sender::new(false),
        }
    }

    pub async fn subscribe(&self) -> Result<Subscription, QueryError> {
        // So that what cannot work is answered as any other query that cannot.
        if in_time(self.events.now()).await?.partitions.is_none() {
            return Err(QueryError::NotProjected);
        }
        in_time(async {
            loop {
                if let Some(subscription) = self.state().subscribe() {
                    return Ok(subscription);
                }
                // This receiver is what makes the tail run.
                let _wish = self.state().batches.subscribe();
                self.wanted.notify_one();
                let mut runs = self.runs.subscribe();
                if runs.wait_for(|runs| *runs).await.is_err() {
                    return Err(QueryError::Late);
                }
            }
        })
        .await
    }

    /// Reads for ever, as long as anybody listens.
    pub async fn run(self) {
        let mut reader: Option<TailReader> = None;
        loop {
            if self.rest() {
                reader = None;
                self.wanted.notified().await;
                continue;
            }
            let pause = match in_time(self.turn(&mut reader)).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => TICK,
                Err(error) => {
                    tracing::warn!(%error, "the event log cannot be followed");
                    AFTER_A_FAULT
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns whether there may be more at once.
    async fn turn(&self, reader: &mut Option<TailReader>) -> Result<bool, QueryError> {
        let live = self.events.now().await?;
        let Some(current) = reader.as_mut().filter(|reader| reader.reads(&live)) else {
            // Places mean nothing in another generation that has not come as far.
            self.close();
            let begun = TailReader::begin(live).await?;
            self.state().end = Some(begun.end());
            *reader = Some(begun);
            self.runs.send_replace(true);
            return Ok(true);
        };
        let records = current.read_on(live).await?;
        let more = !records.is_empty();
        let mut state = self.state();
        for batch in batches(records) {
            // Nobody may be left to hear it.
            let _listeners = state.batches.send(batch);
        }
        state.end = Some(current.end());
        Ok(more)
    }

    /// Stops where nobody listens.
    fn rest(&self) -> bool {
        let mut state = self.state();
        if state.batches.receiver_count() > 0 {
            return false;
        }
        state.end = None;
        self.runs.send_replace(false);
        true
    }

    /// Ends all streams: who resumes one does so from its own place.
    fn close(&self) {
        let mut state = self.state();
        if state.end.take().is_some() {
            state.batches = broadcast::Sender::new(BATCHES);
            self.runs.send_replace(false);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn subscribe(&self) -> Option<Subscription> {
        Some(Subscription {
            end: self.end.clone()?,
            batches: self.batches.subscribe(),
        })
    }
}

fn batches(records: Vec<LoggedRecord>) -> Vec<Batch> {
    let mut batches = Vec::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for record in records {
        bytes += size(&record);
        batch.push(record);
        if bytes >= BATCH_BYTES {
            batches.push(std::mem::take(&mut batch).into());
            bytes = 0;
        }
    }
    if !batch.is_empty() {
        batches.push(batch.into());
    }
    batches
}

fn size(record: &LoggedRecord) -> usize {
    const FIELDS: usize = 500;
    let payload = record.payload.as_ref().map_or(0, |payload| match payload {
        LoggedBytes::Text(text) => text.len(),
        LoggedBytes::Binary(binary) => binary.bytes.len(),
    });
    FIELDS + payload
}
