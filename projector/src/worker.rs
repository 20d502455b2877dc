use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::order::Order;
use event_store::EventStore;
use messaging::{BatchConsumer, MessagingError, Polled};
use read_models::{Generation, ReadDatabase};
use runtime::health::{Check, Health, watched};
use runtime::{Backoff, Clock};
use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, Fault};
use crate::fold::{Counts, fold};
use crate::{ProjectorError, RecordFault, documents};

/// Records in a batch: one `$in` and one bulk command each.
const BATCH: usize = 500;
/// How long a batch under way may take to end after the process was told to stop.
const LAST_BATCH: Duration = Duration::from_secs(5);

/// Keeps one generation of `order_view` fresh. Any number of them share the partitions.
pub struct Worker {
    consumer: BatchConsumer,
    database: ReadDatabase,
    store: EventStore<Order>,
    generation: Generation,
    clock: Arc<dyn Clock>,
    health: Health,
    /// What was polled and has not taken effect yet. It stays here until it has, whatever error or
    /// cancellation comes in between.
    in_hand: Option<Batch>,
    /// Partitions that go no further, and the offset each is stopped in front of.
    stopped: BTreeMap<i32, i64>,
    /// The client reports it once and then leaves the partition alone: it must not be forgotten.
    offset_lost: Option<String>,
}

/// What one step did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to read.
    Idle,
    /// A batch took effect; `stopped` lists the partitions that go no further, each by a record
    /// that cannot be applied.
    Applied { counts: Counts, stopped: Vec<i32> },
}

impl Worker {
    /// `consumer` is a member of the generation's group.
    pub fn new(
        consumer: BatchConsumer,
        database: ReadDatabase,
        store: EventStore<Order>,
        generation: Generation,
        clock: Arc<dyn Clock>,
        health: Health,
    ) -> Self {
        Self {
            consumer,
            database,
            store,
            generation,
            clock,
            health,
            in_hand: None,
            stopped: BTreeMap::new(),
            offset_lost: None,
        }
    }

    /// Polls a batch, waiting up to `patience` for it, and applies it; or applies the one that an
    /// error left in hand. Offsets are stored only after the documents are written.
    pub async fn step(&mut self, patience: Duration) -> Result<Step, ProjectorError> {
        if let Some(detail) = &self.offset_lost {
            return Err(self.offset_lost(detail));
        }
        if self.in_hand.is_none() {
            let polled = self.consumer.poll(BATCH, patience).await;
            self.leave_revoked();
            match polled {
                Polled::Records(records) => {
                    metrics::histogram!("projection_batch_size").record(records.len() as f64);
                    self.in_hand = Some(Batch::read(records, &self.stopped));
                }
                Polled::Idle => return Ok(Step::Idle),
                Polled::OffsetLost(detail) => {
                    let error = self.offset_lost(&detail);
                    self.offset_lost = Some(detail);
                    return Err(error);
                }
                Polled::Dead(reason) => {
                    self.consumer.rejoin()?;
                    for (partition, _) in std::mem::take(&mut self.stopped) {
                        self.partition_check(partition).up();
                        stopped_gauge(partition, 0.0);
                    }
                    return Err(ProjectorError::Rejoined(reason));
                }
                Polled::Failed(error) => return Err(MessagingError::from(error).into()),
            }
        }
        let Some(batch) = &mut self.in_hand else {
            return Ok(Step::Idle);
        };
        let counts = apply(&self.database, &self.generation, &self.store, batch).await?;
        let lost = self.consumer.store(&batch.offsets)?;
        if !lost.is_empty() {
            tracing::info!(partitions = ?lost, "offsets left to the partitions' new owner");
        }
        // Nothing is awaited from here on: a step that is cut off leaves its batch in hand.
        let batch = self.in_hand.take().unwrap_or_default();
        self.measure(&batch, counts);
        self.stop_partitions(&batch.faults);
        Ok(Step::Applied {
            counts,
            stopped: self.stopped.keys().copied().collect(),
        })
    }

    fn offset_lost(&self, detail: &str) -> ProjectorError {
        ProjectorError::OffsetLost {
            group: self.generation.group.clone(),
            detail: detail.to_owned(),
        }
    }

    /// A record that cannot be applied stops its partition: nothing is skipped. The others flow.
    fn stop_partitions(&mut self, faults: &[Fault]) {
        // All of them first: what is not in this map could be read past.
        for fault in faults {
            let stop = self.stopped.entry(fault.partition).or_insert(fault.offset);
            *stop = fault.offset.min(*stop);
        }
        for fault in faults {
            if self.stopped.get(&fault.partition) != Some(&fault.offset) {
                continue;
            }
            tracing::error!(
                partition = fault.partition,
                offset = fault.offset,
                order_id = fault.key,
                error = %fault.fault,
                "a record cannot be applied: the partition is stopped in front of it"
            );
            self.partition_check(fault.partition).away(format_args!(
                "stopped in front of offset {}: {}",
                fault.offset, fault.fault
            ));
            stopped_gauge(fault.partition, 1.0);
        }
    }

    /// Partitions that were taken away are their new owner's concern, stopped or not. Should they
    /// come back, they come from their committed offsets, in front of any stop.
    fn leave_revoked(&mut self) {
        for partition in self.consumer.take_revoked() {
            if self.stopped.remove(&partition).is_some() {
                self.partition_check(partition).up();
                stopped_gauge(partition, 0.0);
            }
        }
    }

    fn partition_check(&self, partition: i32) -> Check {
        self.health
            .check(format!("projection order_view, partition {partition}"))
    }

    fn measure(&self, batch: &Batch, counts: Counts) {
        let now = self.clock.now();
        for placed in batch.events.values().flatten() {
            let envelope = &placed.event.envelope;
            let since = now.duration_since(envelope.occurred_on.timestamp());
            metrics::histogram!("event_to_view_seconds").record(since.as_secs_f64().max(0.0));
            tracing::debug!(
                order_id = envelope.aggregate_id,
                version = envelope.version,
                event_id = %envelope.event_id,
                correlation_id = envelope.correlation_id,
                partition = placed.partition,
                offset = placed.offset,
                "projected"
            );
        }
        for (outcome, count) in [
            ("applied", counts.applied),
            ("repeated", counts.repeated),
            ("healed", counts.healed),
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

/// Reads, folds, writes; again for the documents that moved on meanwhile, until each is
/// written or found to be newer.
async fn apply(
    database: &ReadDatabase,
    generation: &Generation,
    store: &EventStore<Order>,
    batch: &mut Batch,
) -> Result<Counts, ProjectorError> {
    let mut counts = Counts::default();
    let mut orders: Vec<String> = batch.events.keys().cloned().collect();
    let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
    while !orders.is_empty() {
        let read = documents::read(database, generation, &orders).await?;
        for (order_id, fault) in read.unreadable {
            refuse(batch, &order_id, fault);
            orders.retain(|order| *order != order_id);
        }
        let changed = fold(store, batch, &orders, read.documents, &mut counts).await?;
        if changed.is_empty() {
            break;
        }
        let written = documents::write(database, generation, &changed).await?;
        for (order_id, fault) in written.refused {
            refuse(batch, &order_id, fault);
        }
        orders = written.missed;
        if !orders.is_empty() {
            tokio::time::sleep(again.wait()).await;
        }
    }
    Ok(counts)
}

/// The document of an order is at fault: its first event in the batch cannot be applied.
fn refuse(batch: &mut Batch, order_id: &str, fault: RecordFault) {
    if let Some(first) = batch.events.get(order_id).and_then(|events| events.first()) {
        let (partition, offset) = (first.partition, first.offset);
        batch.stop(Fault {
            partition,
            offset,
            key: Some(order_id.to_owned()),
            fault,
        });
    }
}

fn stopped_gauge(partition: i32, stopped: f64) {
    metrics::gauge!("projection_partition_stopped", "partition" => partition.to_string())
        .set(stopped);
}
