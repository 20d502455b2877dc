use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use domain::EventSourced;
use domain::contract::Envelope;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, Subject, dead_letter_id,
};
use event_store::{Database, EventStore, EventStoreError, Since};
use runtime::Backoff;
use runtime::health::Check;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Between looks for errands that nobody told of: of another process, or of one that died.
const LOOK: Duration = Duration::from_secs(1);
/// Errands looked at in a turn.
const AT_ONCE: i64 = 1000;
/// Told of and not begun; more are found by the next look.
const QUEUE: usize = 10_000;
/// Before one is tried again for the first time.
const FIRST: Duration = Duration::from_millis(500);
/// At most, where somebody is away.
const LATER: Duration = Duration::from_secs(60);
/// At most, where it was refused.
const REFUSED: Duration = Duration::from_secs(3600);
/// Of the items of errands.
const FAULT: &str = "errand_refused";

/// Something outside that an aggregate wants done: a call, a mail. The wish is part of the
/// aggregate's state, so it outlives whoever runs; what is done twice must be the same as once.
pub trait Errand: Send + Sync + 'static {
    /// In metrics and with dead letters.
    const NAME: &'static str;
    /// SQL: whether a state row has a wish. It belongs to a partial index on `updated_at`.
    const WISHES: &'static str;
    type Aggregate: EventSourced;

    /// Does what the aggregate wants by now, and notes in its stream that it is done. False where
    /// it wants nothing.
    fn attempt(&self, id: &str) -> impl Future<Output = Result<bool, Undone>> + Send;
}

/// Why an errand is still to be done.
#[derive(Debug, thiserror::Error)]
pub enum Undone {
    /// Nobody was asked: whoever is needed for every errand is known to be away for so long.
    #[error("nobody is there for another {0:?}")]
    Away(Duration),
    /// Somebody who is needed did not answer, or asks for patience.
    #[error("{0}")]
    Later(String),
    /// It would be refused again: for the desk. It is tried again all the same, now and then.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] EventStoreError),
}

/// Runs errands, each until it is done.
pub struct Errands<E: Errand> {
    errand: Arc<E>,
    store: EventStore<E::Aggregate>,
    dead_letters: DeadLetters,
    topic: String,
    told: mpsc::Receiver<String>,
    /// When each that failed is to be tried again.
    failed: HashMap<String, (Backoff, Instant)>,
}

/// Tells of aggregates that may have a wish.
#[derive(Clone)]
pub struct Tell(mpsc::Sender<String>);

impl Tell {
    /// Where too many wait already, the next look finds it.
    pub fn of(&self, id: &str) {
        let _ = self.0.try_send(id.to_owned());
    }
}

/// To tell of errands, and what [`Errands::new`] hears it by.
pub fn errands_queue() -> (Tell, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Tell(sender), receiver)
}

impl<E: Errand> Errands<E> {
    /// `topic` is where the aggregate's events are published.
    pub fn new(
        errand: E,
        store: EventStore<E::Aggregate>,
        database: &Database,
        topic: &str,
        told: mpsc::Receiver<String>,
    ) -> Self {
        Self {
            errand: Arc::new(errand),
            store,
            dead_letters: DeadLetters::new(database.clone()),
            topic: topic.to_owned(),
            told,
            failed: HashMap::new(),
        }
    }

    /// Tries everything that is to be done now, one after the other. Returns how many were done.
    pub async fn turn(&mut self) -> Result<usize, EventStoreError> {
        let mut done = 0;
        for id in self.wishes(Duration::ZERO).await? {
            let outcome = self.errand.attempt(&id).await;
            if self.settle(&id, outcome).await? {
                done += 1;
            }
        }
        Ok(done)
    }

    async fn wishes(&self, at_least: Duration) -> Result<Vec<String>, EventStoreError> {
        self.store
            .waiting(E::WISHES, Since::Updated, at_least, AT_ONCE)
            .await
    }

    /// Notes how an attempt went; true where something was done.
    async fn settle(
        &mut self,
        id: &str,
        outcome: Result<bool, Undone>,
    ) -> Result<bool, EventStoreError> {
        let (undone, longest) = match outcome {
            Ok(done) => {
                if self.failed.remove(id).is_some() {
                    self.dead_letters.resolve(self.item_id(id)).await?;
                }
                return Ok(done);
            }
            // Not the store as a whole: what stands in this one's stream.
            Err(Undone::Store(error @ EventStoreError::Unreadable(_))) => {
                (Undone::Refused(error.to_string()), REFUSED)
            }
            Err(Undone::Store(error)) => return Err(error),
            // It is no attempt, and whoever comes back finds everybody waiting.
            Err(Undone::Away(_)) => return Ok(false),
            Err(undone @ Undone::Later(_)) => (undone, LATER),
            Err(undone @ Undone::Refused(_)) => (undone, REFUSED),
        };
        metrics::counter!("errands_failed_total", "errand" => E::NAME).increment(1);
        if let Undone::Refused(error) = &undone {
            self.put_on_desk(id, error).await?;
        }
        let (backoff, next) = self
            .failed
            .entry(id.to_owned())
            .or_insert_with(|| (Backoff::new(FIRST, longest), Instant::now()));
        *next = Instant::now() + backoff.wait();
        Ok(false)
    }

    fn place(id: &str) -> Place {
        let name = format!("{}/{id}", E::NAME);
        Place::Store(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    fn item_id(&self, id: &str) -> Uuid {
        dead_letter_id(Source::Participant, &self.topic, Self::place(id))
    }

    async fn put_on_desk(&self, id: &str, error: &str) -> Result<(), EventStoreError> {
        let events = match self.store.stream_after(id, 0).await {
            Err(EventStoreError::Unreadable(_)) => Vec::new(),
            events => events?,
        };
        let last: Option<&Envelope> = events.last().map(|event| &event.envelope);
        let item = NewDeadLetter {
            source: Source::Participant,
            reason: Reason::ServiceError,
            error_message: error.to_owned(),
            place: Self::place(id),
            original: OriginalRecord {
                topic: self.topic.clone(),
                key: Some(id.as_bytes().to_vec()),
                ..OriginalRecord::default()
            },
            subject: Subject {
                aggregate_type: Some(E::Aggregate::TYPE.to_owned()),
                aggregate_id: Some(id.to_owned()),
                version: last.map(|envelope| envelope.version),
                event_type: last.map(|envelope| envelope.event_type.clone()),
            },
            metadata: json!({ "fault": FAULT, "errand": E::NAME }),
        };
        let recorded = self.dead_letters.record(&item).await?;
        if recorded.new {
            metrics::counter!(
                "dead_letters_total",
                "source" => item.source.as_str(), "reason" => item.reason.as_str()
            )
            .increment(1);
            tracing::error!(
                dead_letter_id = %recorded.id,
                errand = E::NAME,
                order_id = id,
                error,
                "an errand was refused"
            );
        } else {
            self.dead_letters.failed_again(recorded.id, error).await?;
        }
        Ok(())
    }

    /// The errands on the desk, whoever put them there. Those that somebody wants tried again are,
    /// at once; and one that this process has not tried yet may have been done elsewhere, or be
    /// wished for no more.
    async fn on_desk(&mut self) -> Result<HashSet<String>, EventStoreError> {
        let desk = &self.dead_letters;
        let requeued = desk.requeued(Source::Participant, AT_ONCE).await?;
        let open = desk.open_with_fault(Source::Participant, &[FAULT], 0, AT_ONCE);
        let open = open.await?;
        let requeued = requeued.into_iter().map(|item| (item, true));
        let mut found = HashSet::new();
        for (item, hurry) in requeued.chain(open.into_iter().map(|item| (item, false))) {
            let key = item.original.key;
            let key = key.and_then(|key| String::from_utf8(key).ok());
            let Some(id) = key.filter(|id| self.item_id(id) == item.id) else {
                continue;
            };
            let now = Instant::now();
            let (_, next) = self
                .failed
                .entry(id.clone())
                .or_insert_with(|| (Backoff::new(FIRST, REFUSED), now));
            if hurry {
                *next = now;
            }
            found.insert(id);
        }
        Ok(found)
    }

    /// Runs up to `at_once` of them at the same time, until `stop`.
    pub async fn run(mut self, at_once: usize, check: Check, stop: CancellationToken) {
        let mut under_way: HashMap<task::Id, String> = HashMap::new();
        let mut tasks: JoinSet<Result<bool, Undone>> = JoinSet::new();
        let mut look = tokio::time::interval(LOOK);
        let mut ready: Vec<String> = Vec::new();
        let mut not_before = Instant::now();
        loop {
            while tasks.len() < at_once
                && not_before <= Instant::now()
                && let Some(id) = ready.pop()
            {
                let waits = self
                    .failed
                    .get(&id)
                    .is_some_and(|(_, next)| *next > Instant::now());
                if waits || under_way.values().any(|other| *other == id) {
                    continue;
                }
                let (errand, attempted) = (self.errand.clone(), id.clone());
                let task = tasks.spawn(async move { errand.attempt(&attempted).await });
                under_way.insert(task.id(), id);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                Some(id) = self.told.recv(), if tasks.len() < at_once => ready.push(id),
                Some(ended) = tasks.join_next_with_id() => {
                    // A task is never aborted, but it may panic: that is tried again like the rest.
                    let (task, outcome) = match ended {
                        Ok(ended) => ended,
                        Err(panic) => (panic.id(), Err(Undone::Later(panic.to_string()))),
                    };
                    let Some(id) = under_way.remove(&task) else { continue };
                    if let Err(Undone::Away(wait)) = outcome {
                        not_before = Instant::now() + wait;
                    }
                    if let Err(error) = self.settle(&id, outcome).await {
                        check.away(error);
                    }
                }
                _ = look.tick() => {
                    let looked = async {
                        let on_desk = self.on_desk().await?;
                        Ok::<_, EventStoreError>((on_desk, self.wishes(LOOK).await?))
                    };
                    match looked.await {
                        Ok((mut all, wishes)) => {
                            check.up();
                            metrics::gauge!("errands_waiting", "errand" => E::NAME)
                                .set(wishes.len() as f64);
                            all.extend(wishes.iter().cloned());
                            self.failed.retain(|id, _| all.contains(id));
                            // What an earlier look found and nobody has begun is among them.
                            ready = all.into_iter().collect();
                        }
                        Err(error) => check.away(error),
                    }
                }
            }
        }
    }
}
