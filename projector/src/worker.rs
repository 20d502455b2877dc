use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use domain::order::Order;
use event_store::EventStore;
use event_store::dead_letters::DeadLetters;
use messaging::BatchConsumer;
use read_models::{Generation, ReadDatabase};
use runtime::Clock;
use runtime::health::Check;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::apply::apply;
use crate::batch::Batch;
use crate::fold::Counts;
use crate::heal::Healer;
use crate::intake::{self, Intake, Steps};
use crate::memory::Memory;
use crate::settling::Settling;
use crate::{OrderProjection, OrderView, ProjectorError};

/// From the beginning of a batch to the next one at least: what arrives meanwhile goes together, and
/// costs MongoDB little more than one event does. A lone event is applied at once.
const REST: Duration = Duration::from_millis(30);

/// Keeps one generation of a projection fresh. Any number of them share the partitions.
pub struct Worker<P: OrderProjection = OrderView> {
    intake: Intake,
    healer: Healer<P>,
    dead_letters: DeadLetters,
    clock: Arc<dyn Clock>,
    /// What was polled and has not taken effect yet. It stays here until it has, whatever error or
    /// cancellation comes in between.
    in_hand: Option<Batch>,
    /// What was polled after it, while MongoDB was waited for.
    next: Option<Batch>,
    /// When the next batch may be polled.
    rested: Instant,
    /// Whether an order's first event is thought to be new. What was read before is read again
    /// after a crash, and by the thousand.
    expects_new: bool,
    memory: Memory,
    settling: Settling<P>,
}

/// What one step did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to read.
    Idle,
    /// A batch took effect. `refused` records are on the desk.
    Applied { counts: Counts, refused: u64 },
}

impl<P: OrderProjection> Worker<P> {
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
            intake: Intake::new(consumer, &generation.group),
            healer: Healer {
                database,
                generation,
                store,
                projection: PhantomData,
            },
            dead_letters,
            clock,
            in_hand: None,
            next: None,
            rested: Instant::now(),
            expects_new: true,
            memory: Memory::default(),
            settling: Settling::default(),
        }
    }

    /// Polls a batch, waiting up to `patience` for it, and applies it; or applies what an error
    /// left in hand. While MongoDB is waited for the next batch is polled and read, and kept for the
    /// next step. Offsets are stored only after the documents and their totals are written.
    pub async fn step(&mut self, patience: Duration) -> Result<Step, ProjectorError> {
        self.settle()?;
        if self.in_hand.is_none() {
            self.in_hand = self.next.take();
        }
        if self.in_hand.is_none() {
            self.in_hand = tokio::select! {
                polled = poll::<P>(&mut self.intake, &mut self.rested, patience) => polled?,
                () = self.settling.ready() => None,
            };
        }
        let Some(batch) = &mut self.in_hand else {
            return Ok(Step::Idle);
        };
        let looks_ahead = self.next.is_none();
        let mut ahead = Ok(());
        // What is polled is kept before anything is awaited: a step may be cut off here. Where both
        // fail, what went wrong with the poll is met again by the next one.
        {
            let applying = apply(
                &self.healer,
                &self.dead_letters,
                batch,
                &mut self.expects_new,
                &mut self.memory,
            );
            tokio::pin!(applying);
            tokio::select! {
                applied = &mut applying => applied?,
                polled = poll::<P>(&mut self.intake, &mut self.rested, patience), if looks_ahead => {
                    ahead = polled.map(|polled| self.next = polled);
                    applying.await?;
                }
            }
        }
        // Nothing is awaited from here on: a step that is cut off leaves its batch in hand.
        let batch = self.in_hand.take().unwrap_or_default();
        self.measure(&batch);
        let (dirty, offsets) = (batch.dirty, batch.offsets);
        self.settling.add(dirty, offsets, batch.is_full);
        ahead?;
        Ok(Step::Applied {
            counts: batch.counts,
            refused: batch.refused,
        })
    }

    /// Starts to compute totals where they are due, and stores the offsets of those that are
    /// computed.
    fn settle(&mut self) -> Result<(), ProjectorError> {
        let Healer {
            database,
            generation,
            ..
        } = &self.healer;
        match self.settling.turn(database, generation)? {
            Some(offsets) => self.intake.store(&offsets),
            None => Ok(()),
        }
    }

    fn measure(&self, batch: &Batch) {
        let now = self.clock.now();
        let visible = metrics::histogram!("event_to_view_seconds", "projection" => P::NAME);
        for placed in &batch.done {
            let Some(envelope) = placed.content.envelope() else {
                continue;
            };
            let since = now.duration_since(envelope.occurred_on.timestamp());
            visible.record(since.as_secs_f64().max(0.0));
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
            metrics::counter!(
                "projection_events_total", "projection" => P::NAME, "outcome" => outcome
            )
            .increment(count);
        }
    }

    /// Steps until `stop`, then ends what is under way and commits.
    pub async fn run(self, check: Check, stop: CancellationToken) {
        intake::run(self, check, stop).await;
    }
}

impl<P: OrderProjection> Steps for Worker<P> {
    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn into_intake(self) -> Intake {
        self.intake
    }

    async fn advance(&mut self, patience: Duration) -> Result<(), ProjectorError> {
        self.step(patience).await.map(|_| ())
    }

    /// Computes all totals that are due, and those that are not, and stores the offsets.
    async fn settle_all(&mut self) -> Result<(), ProjectorError> {
        self.settling.hurry();
        self.settle()?;
        while !self.settling.is_empty() {
            self.settling.ready().await;
            self.settle()?;
        }
        Ok(())
    }
}

/// A batch, once the rest is over. Can be cut off anywhere.
async fn poll<P: OrderProjection>(
    intake: &mut Intake,
    rested: &mut Instant,
    patience: Duration,
) -> Result<Option<Batch>, ProjectorError> {
    sleep_until(*rested).await;
    let Some(records) = intake.poll(patience).await? else {
        return Ok(None);
    };
    *rested = Instant::now() + REST;
    metrics::histogram!("projection_batch_size", "projection" => P::NAME)
        .record(records.len() as f64);
    Ok(Some(Batch::read(records)))
}
