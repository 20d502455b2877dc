use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::order::Order;
use event_store::EventStore;
use event_store::dead_letters::DeadLetters;
use messaging::{BatchConsumer, MessagingError, Polled};
use read_models::{Generation, ReadDatabase};
use runtime::health::{Check, watched};
use runtime::{Backoff, Clock};
use tokio_util::sync::CancellationToken;

use crate::batch::{Arrived, Batch};
use crate::documents::Change;
use crate::fold::{Counts, Stop, fold};
use crate::heal::Healer;
use crate::judge::judge;
use crate::{ProjectorError, RecordFault, documents};

/// Records in a batch: one `$in` and one bulk command each.
const BATCH: usize = 500;
/// How long a batch under way may take to end after the process was told to stop.
const LAST_BATCH: Duration = Duration::from_secs(5);

/// Keeps one generation of `order_view` fresh. Any number of them share the partitions.
pub struct Worker {
    consumer: BatchConsumer,
    healer: Healer,
    dead_letters: DeadLetters,
    clock: Arc<dyn Clock>,
    /// What was polled and has not taken effect yet. It stays here until it has, whatever error or
    /// cancellation comes in between.
    in_hand: Option<Batch>,
    /// The client reports it once and then leaves the partition alone: it must not be forgotten.
    offset_lost: Option<String>,
}

/// What one step did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to read.
    Idle,
    /// A batch took effect. `refused` records are on the desk.
    Applied { counts: Counts, refused: u64 },
}

impl Worker {
    /// `consumer` is a member of the generation's group.
    pub fn new(
        consumer: BatchConsumer,
        database: ReadDatabase,
        store: EventStore<Order>,
        dead_letters: DeadLetters,
        generation: Generation,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            consumer,
            healer: Healer {
                database,
                generation,
                store,
            },
            dead_letters,
            clock,
            in_hand: None,
            offset_lost: None,
        }
    }

    /// Polls a batch, waiting up to `patience` for it, and applies it; or applies what an error
    /// left in hand. Offsets are stored only after the documents are written.
    pub async fn step(&mut self, patience: Duration) -> Result<Step, ProjectorError> {
        if let Some(detail) = &self.offset_lost {
            return Err(self.offset_lost(detail));
        }
        if self.in_hand.is_none() {
            match self.consumer.poll(BATCH, patience).await {
                Polled::Records(records) => {
                    metrics::histogram!("projection_batch_size").record(records.len() as f64);
                    self.in_hand = Some(Batch::read(records));
                }
                Polled::Idle => return Ok(Step::Idle),
                Polled::OffsetLost(detail) => {
                    let error = self.offset_lost(&detail);
                    self.offset_lost = Some(detail);
                    return Err(error);
                }
                Polled::Dead(reason) => {
                    self.consumer.rejoin()?;
                    return Err(ProjectorError::Rejoined(reason));
                }
                Polled::Failed(error) => return Err(MessagingError::from(error).into()),
            }
        }
        let Some(batch) = &mut self.in_hand else {
            return Ok(Step::Idle);
        };
        apply(&self.healer, &self.dead_letters, batch).await?;
        let lost = self.consumer.store(&batch.offsets)?;
        if !lost.is_empty() {
            tracing::info!(partitions = ?lost, "offsets left to the partitions' new owner");
        }
        // Nothing is awaited from here on: a step that is cut off leaves its batch in hand.
        let batch = self.in_hand.take().unwrap_or_default();
        self.measure(&batch);
        Ok(Step::Applied {
            counts: batch.counts,
            refused: batch.refused,
        })
    }

    fn offset_lost(&self, detail: &str) -> ProjectorError {
        ProjectorError::OffsetLost {
            group: self.healer.generation.group.clone(),
            detail: detail.to_owned(),
        }
    }

    fn measure(&self, batch: &Batch) {
        let now = self.clock.now();
        for placed in &batch.done {
            let Some(envelope) = placed.content.envelope() else {
                continue;
            };
            let since = now.duration_since(envelope.occurred_on.timestamp());
            metrics::histogram!("event_to_view_seconds").record(since.as_secs_f64().max(0.0));
            tracing::debug!(
                order_id = envelope.aggregate_id,
                version = envelope.version,
                event_id = %envelope.event_id,
                correlation_id = envelope.correlation_id,
                partition = placed.record.partition,
                offset = placed.record.offset,
                "projected"
            );
        }
        for (outcome, count) in [
            ("applied", batch.counts.applied),
            ("repeated", batch.counts.repeated),
            ("healed", batch.counts.healed),
            ("held", batch.counts.held),
            ("refused", batch.refused),
        ] {
            metrics::counter!("projection_events_total", "outcome" => outcome).increment(count);
        }
    }

    /// Steps until `stop`, then ends the batch under way and commits. Whatever is away is waited
    /// for; lost offsets stay an error until somebody fills the read model again.
    pub async fn run(mut self, check: Check, stop: CancellationToken) {
        let mut fault = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        while !stop.is_cancelled() {
            let step = tokio::select! {
                step = watched(&check, self.step(Duration::from_millis(500))) => step,
                () = async { stop.cancelled().await; tokio::time::sleep(LAST_BATCH).await } => break,
            };
            match step {
                Ok(_) if self.consumer.has_joined() => {
                    check.up();
                    fault.reset();
                }
                // Reading nothing, for the group has not given it anything yet.
                Ok(_) => {}
                Err(error) => {
                    check.away(&error);
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(fault.wait()) => {}
                    }
                }
            }
        }
        if let Err(error) = self.consumer.commit() {
            tracing::warn!(%error, "the last offsets are not committed: those records come again");
        }
    }
}

/// Reads, folds, writes; again for the documents that moved on meanwhile, until each is written or
/// found to be newer, and each record that cannot be applied is on the desk.
///
/// What has taken effect leaves the batch at once: a step that is cut off, or fails, goes on from
/// there.
async fn apply(
    healer: &Healer,
    dead_letters: &DeadLetters,
    batch: &mut Batch,
) -> Result<(), ProjectorError> {
    let (database, generation) = (&healer.database, &healer.generation);
    let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
    // Orders whose document was refused: one event at a time shows which one it is.
    let mut one_by_one: HashSet<String> = HashSet::new();
    while !batch.events.is_empty() {
        let orders: Vec<String> = batch.events.keys().cloned().collect();
        let mut read = documents::read(database, generation, &orders).await?;
        let mut folds = Vec::with_capacity(orders.len());
        let mut changes = Vec::new();
        for order_id in orders {
            let Some(events) = batch.events.get(&order_id) else {
                continue;
            };
            let most = if one_by_one.contains(&order_id) {
                1
            } else {
                usize::MAX
            };
            let known = read.remove(&order_id).unwrap_or_default();
            let mut folded = fold(&healer.store, &order_id, &known, events, most).await?;
            if let Some(entry) = folded.entry.take() {
                let guard = known.guard;
                changes.push(Change { guard, entry });
            }
            folds.push((order_id, folded));
        }
        let written = documents::write(database, generation, &changes).await?;
        let missed: HashSet<String> = written.missed.into_iter().collect();
        let mut refused: HashMap<String, RecordFault> = written.refused.into_iter().collect();
        for (order_id, mut folded) in folds {
            if missed.contains(&order_id) {
                continue;
            }
            if let Some(fault) = refused.remove(&order_id) {
                if one_by_one.insert(order_id.clone()) && folded.events > 1 {
                    continue;
                }
                folded.stop = Some(Stop::Fault(fault));
            } else {
                batch.counts.add(folded.counts);
                batch.finish(&order_id, folded.events);
            }
            if let Some(stop) = folded.stop
                && let Some(culprit) = batch.events.get(&order_id).and_then(VecDeque::front)
            {
                let fault = match (&stop, &culprit.content) {
                    (Stop::Fault(fault), _) | (Stop::Junk, Arrived::Junk(fault)) => fault,
                    // A fold stops at junk only where junk is.
                    (Stop::Junk, Arrived::Event(_) | Arrived::Stub(_)) => continue,
                };
                judge(healer, dead_letters, &culprit.record, fault).await?;
                batch.refused += 1;
                batch.set_aside(&order_id);
            }
        }
        if !missed.is_empty() {
            tokio::time::sleep(again.wait()).await;
        }
    }
    while let Some((record, fault)) = batch.keyless.front() {
        judge(healer, dead_letters, record, fault).await?;
        batch.refused += 1;
        batch.keyless.pop_front();
    }
    Ok(())
}
