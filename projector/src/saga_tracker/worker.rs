use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bson::{RawDocumentBuf, doc, rawdoc};
use domain::saga::track::{Milestone, Sighting, Track};
use event_store::dead_letters::DeadLetters;
use futures::TryStreamExt;
use messaging::{BatchConsumer, IncomingRecord};
use mongodb::options::ReadPreference;
use read_models::{Generation, ReadDatabase, SagaEntry};
use runtime::Backoff;
use runtime::health::Check;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::Teller;
use super::batch::Batch;
use super::read::{of_orders, of_others};
use crate::guarded::{self, Over, Write};
use crate::intake::{self, Intake, Steps};
use crate::judge::put_on_desk;
use crate::{ProjectorError, RecordFault};

/// Records in a batch. A saga has a dozen of them, and its document is written once for all that a
/// batch has: the more wait, the less each costs.
const BATCH: usize = 5000;

/// Keeps one generation of `saga_tracker` fresh, as far as one topic goes. Any number of them share
/// the partitions.
pub struct SagaTrackerWorker {
    intake: Intake,
    read: fn(&IncomingRecord) -> Result<Option<Sighting>, RecordFault>,
    database: ReadDatabase,
    dead_letters: DeadLetters,
    generation: Generation,
    teller: Option<Teller>,
    turns: Turns,
    /// What was polled and has not taken effect yet.
    in_hand: Option<Batch>,
}

/// Shared by workers of one process: all topics tell of the same sagas at about the same time, and
/// what two workers write at once, one of them has to read and fold again.
pub(super) type Turns = Arc<Mutex<()>>;

/// A document that is to be written, and what is new in it.
struct Folded {
    saga_id: String,
    track: Track,
    /// Of what is there; `None` where nothing is.
    revision: Option<i64>,
    told: BTreeSet<Milestone>,
    reached: Vec<Milestone>,
    repeated: u64,
}

impl SagaTrackerWorker {
    /// `consumer` is a member of a group of the generation's that reads the orders' topic.
    pub fn of_orders(
        consumer: BatchConsumer,
        database: ReadDatabase,
        dead_letters: DeadLetters,
        generation: Generation,
        teller: Option<Teller>,
    ) -> Self {
        Self::reading(
            of_orders,
            consumer,
            database,
            dead_letters,
            generation,
            teller,
            Turns::default(),
        )
    }

    /// The same of another participant's topic.
    pub fn of_others(
        consumer: BatchConsumer,
        database: ReadDatabase,
        dead_letters: DeadLetters,
        generation: Generation,
        teller: Option<Teller>,
    ) -> Self {
        Self::reading(
            of_others,
            consumer,
            database,
            dead_letters,
            generation,
            teller,
            Turns::default(),
        )
    }

    pub(super) fn reading(
        read: fn(&IncomingRecord) -> Result<Option<Sighting>, RecordFault>,
        consumer: BatchConsumer,
        database: ReadDatabase,
        dead_letters: DeadLetters,
        generation: Generation,
        teller: Option<Teller>,
        turns: Turns,
    ) -> Self {
        Self {
            intake: Intake::new(consumer, &generation.group).with_batches_of(BATCH),
            read,
            database,
            dead_letters,
            generation,
            teller,
            turns,
            in_hand: None,
        }
    }

    /// Polls a batch, waiting up to `patience` for it, and takes it in; or takes in what an error
    /// left in hand. Offsets are stored last: after what there is to tell is on its topic and the
    /// documents are written. Returns whether there was anything.
    pub async fn step(&mut self, patience: Duration) -> Result<bool, ProjectorError> {
        if self.in_hand.is_none() {
            let Some(records) = self.intake.poll(patience).await? else {
                return Ok(false);
            };
            self.in_hand = Some(Batch::read(records, self.read));
        }
        self.apply().await?;
        // Nothing is awaited from here on: a step that is cut off leaves its batch in hand.
        let batch = self.in_hand.take().unwrap_or_default();
        for (outcome, count) in [
            ("applied", batch.counts.applied),
            ("repeated", batch.counts.repeated),
            ("refused", batch.counts.refused),
        ] {
            metrics::counter!(
                "projection_events_total",
                "projection" => SagaEntry::PROJECTION, "outcome" => outcome
            )
            .increment(count);
        }
        self.intake.store(&batch.offsets)?;
        Ok(true)
    }

    async fn apply(&mut self) -> Result<(), ProjectorError> {
        let Some(batch) = &mut self.in_hand else {
            return Ok(());
        };
        let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        while !batch.seen.is_empty() {
            let turn = self.turns.lock().await;
            let mut folded = fold(&self.database, &self.generation, batch).await?;
            let is_live = known(&self.database, &self.generation, &mut folded).await?;
            if let Some(teller) = &mut self.teller {
                tell(teller, batch, &folded).await?;
            }
            let missed = write(&self.database, &self.generation, batch, folded, is_live).await?;
            drop(turn);
            if missed {
                tokio::time::sleep(again.wait()).await;
            }
        }
        while let Some((record, fault)) = batch.refused.front() {
            put_on_desk(&self.dead_letters, record, fault, SagaEntry::PROJECTION).await?;
            batch.refused.pop_front();
            batch.counts.refused += 1;
        }
        Ok(())
    }

    /// Steps until `stop`, then ends what is under way and commits.
    pub async fn run(self, check: Check, stop: CancellationToken) {
        intake::run(self, check, stop).await;
    }
}

impl Steps for SagaTrackerWorker {
    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn into_intake(self) -> Intake {
        self.intake
    }

    async fn advance(&mut self, patience: Duration) -> Result<(), ProjectorError> {
        self.step(patience).await.map(|_| ())
    }

    /// Nothing waits after a step.
    async fn settle_all(&mut self) -> Result<(), ProjectorError> {
        Ok(())
    }
}

/// Adds what was seen to what is there. What is nothing new, and what belongs to a document that
/// cannot be read, leaves the batch.
async fn fold(
    database: &ReadDatabase,
    generation: &Generation,
    batch: &mut Batch,
) -> Result<Vec<Folded>, ProjectorError> {
    let ids: Vec<String> = batch.seen.keys().cloned().collect();
    let mut there = entries(database, &generation.collection, &ids).await?;
    let mut all = Vec::with_capacity(ids.len());
    for saga_id in ids {
        let entry = match there.remove(&saga_id) {
            None => None,
            Some(raw) => match bson::deserialize_from_slice::<SagaEntry>(raw.as_bytes()) {
                Ok(entry) => Some(entry),
                Err(error) => {
                    batch.refuse(&saga_id, || RecordFault::Unreadable(error.to_string()));
                    continue;
                }
            },
        };
        let revision = entry.as_ref().map(|entry| entry.revision);
        let (seen, told) = entry.map(|e| (e.seen, e.told)).unwrap_or_default();
        let mut folded = Folded {
            track: seen.into_iter().collect(),
            revision,
            told: told.into_iter().collect(),
            reached: Vec::new(),
            repeated: 0,
            saga_id,
        };
        let arrived = batch.seen.get(&folded.saga_id).into_iter().flatten();
        for (sighting, _) in arrived {
            folded.repeated += u64::from(!folded.track.see(sighting.clone()));
        }
        let count = batch.seen.get(&folded.saga_id).map_or(0, Vec::len) as u64;
        if folded.repeated == count {
            batch.counts.repeated += count;
            batch.seen.remove(&folded.saga_id);
            continue;
        }
        let milestones = folded.track.milestones().into_iter().map(|(m, _)| m);
        folded.reached = milestones.filter(|m| !folded.told.contains(m)).collect();
        all.push(folded);
    }
    Ok(all)
}

/// What the generation that answers has told already is not told, or counted, again by another one
/// that is filled beside it. Returns whether this is the one that answers.
async fn known(
    database: &ReadDatabase,
    generation: &Generation,
    folded: &mut [Folded],
) -> Result<bool, ProjectorError> {
    let ids = folded.iter().filter(|folded| !folded.reached.is_empty());
    let ids: Vec<String> = ids.map(|folded| folded.saga_id.clone()).collect();
    if ids.is_empty() {
        return Ok(true);
    }
    let live = database.live(SagaEntry::PROJECTION).await?;
    let Some(live) = live.filter(|live| live.number != generation.number) else {
        return Ok(true);
    };
    let there = entries(database, &live.collection, &ids).await?;
    for folded in folded {
        let raw = there.get(&folded.saga_id);
        let entry = raw.and_then(|raw| bson::deserialize_from_slice(raw.as_bytes()).ok());
        if let Some(SagaEntry { told, .. }) = entry {
            let (known, new) = folded.reached.iter().partition(|m| told.contains(m));
            folded.told.extend::<Vec<Milestone>>(known);
            folded.reached = new;
        }
    }
    Ok(false)
}

async fn tell(
    teller: &mut Teller,
    batch: &mut Batch,
    folded: &[Folded],
) -> Result<(), ProjectorError> {
    let mut telling = Vec::new();
    let mut events = Vec::new();
    for folded in folded {
        for milestone in &folded.reached {
            let this = (folded.saga_id.clone(), *milestone);
            if !batch.told.contains(&this)
                && let Some(event) = folded.track.tell(&folded.saga_id, *milestone)
            {
                telling.push(this);
                events.push(event);
            }
        }
    }
    if !events.is_empty() {
        teller.tell(&events).await?;
        batch.told.extend(telling);
    }
    Ok(())
}

/// What is written leaves the batch. Returns whether a document had moved on since it was read.
async fn write(
    database: &ReadDatabase,
    generation: &Generation,
    batch: &mut Batch,
    folded: Vec<Folded>,
    is_live: bool,
) -> Result<bool, ProjectorError> {
    let mut writes = Vec::with_capacity(folded.len());
    for folded in &folded {
        let told: BTreeSet<Milestone> =
            folded.told.iter().chain(&folded.reached).copied().collect();
        let entry = SagaEntry {
            saga_id: folded.saga_id.clone(),
            revision: folded.revision.unwrap_or(0) + 1,
            seen: folded.track.sightings().cloned().collect(),
            told: told.into_iter().collect(),
        };
        let document = match folded.track.state(&folded.saga_id) {
            Some(state) => bson::serialize_to_raw_document_buf(&entry.with(state))?,
            None => bson::serialize_to_raw_document_buf(&entry)?,
        };
        let over = folded.revision.map_or(Over::Nothing, |revision| {
            Over::Read(rawdoc! { "revision": revision })
        });
        writes.push(Write {
            id: folded.saga_id.clone(),
            over,
            document,
        });
    }
    let written = guarded::write(database, &generation.collection, writes).await?;
    let mut refused: HashMap<String, RecordFault> = written.refused.into_iter().collect();
    for folded in folded {
        if written.missed.contains(&folded.saga_id) {
            continue;
        }
        if let Some(fault) = refused.remove(&folded.saga_id) {
            let message = fault.to_string();
            batch.refuse(&folded.saga_id, || match &fault {
                RecordFault::Document { code, message } => RecordFault::Document {
                    code: *code,
                    message: message.clone(),
                },
                _ => RecordFault::Unreadable(message.clone()),
            });
            continue;
        }
        if is_live {
            count(&folded);
        }
        let seen = batch.seen.remove(&folded.saga_id).unwrap_or_default();
        batch.counts.applied += seen.len() as u64 - folded.repeated;
        batch.counts.repeated += folded.repeated;
        for (sighting, record) in &seen {
            tracing::debug!(
                order_id = folded.saga_id,
                event_type = sighting.event_type,
                event_id = %sighting.event_id,
                correlation_id = sighting.correlation_id,
                topic = record.topic,
                partition = record.partition,
                offset = record.offset,
                "seen of a saga"
            );
        }
    }
    Ok(!written.missed.is_empty())
}

/// Of many who see the same, one writes it, and counts. Who dies right after the write, or does not
/// hear of it, has not counted; nobody counts twice.
fn count(folded: &Folded) {
    let mut has_ended = folded.told.iter().any(|milestone| milestone.is_an_end());
    let reached = folded.track.milestones();
    let began = reached.first().map(|(_, by)| by.at.timestamp());
    for (milestone, by) in reached {
        if !folded.reached.contains(&milestone) {
            continue;
        }
        match milestone {
            Milestone::SagaStarted => {
                metrics::counter!("choreographed_saga_started_total").increment(1);
            }
            Milestone::SagaCompleted => {
                metrics::counter!("choreographed_saga_completed_total").increment(1);
            }
            Milestone::SagaFailed => {
                metrics::counter!("choreographed_saga_failed_total").increment(1);
            }
            Milestone::SagaCompensationStarted => {
                metrics::counter!("choreographed_saga_compensation_triggered_total").increment(1);
            }
            Milestone::SagaCompensationCompleted => {}
        }
        // The first end counts: what a customer takes back later was long over.
        if milestone.is_an_end() && !has_ended {
            has_ended = true;
            let took = began.map_or(0.0, |began| {
                by.at.timestamp().duration_since(began).as_secs_f64()
            });
            metrics::histogram!("choreographed_saga_duration_seconds").record(took.max(0.0));
        }
    }
}

/// From the primary, whatever the URI prefers: a stale document would be a missed guard.
async fn entries(
    database: &ReadDatabase,
    collection: &str,
    ids: &[String],
) -> Result<HashMap<String, RawDocumentBuf>, ProjectorError> {
    let found: Vec<RawDocumentBuf> = database
        .database()
        .collection(collection)
        .find(doc! { "_id": { "$in": ids } })
        .projection(doc! { "revision": 1, "seen": 1, "told": 1 })
        .selection_criteria(ReadPreference::Primary.into())
        .await?
        .try_collect()
        .await?;
    let id = |raw: &RawDocumentBuf| raw.get_str("_id").unwrap_or_default().to_owned();
    Ok(found.into_iter().map(|raw| (id(&raw), raw)).collect())
}
