use std::collections::{HashMap, HashSet, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{self, Duration};

use domain::order::Order;
use event_store::EventStore;
use event_store::dead_letters::DeadLetters;
use messaging::BatchConsumer;
use read_models::{Generation, ReadDatabase};
use runtime::health::Check;
use runtime::{Backoff, Clock};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::batch::{Arrived, Batch};
use crate::documents::{Change, Known};
use crate::fold::{Counts, Stop, fold};
use crate::heal::Healer;
use crate::intake::{self, Intake, Steps};
use crate::judge::judge;
use crate::memory::Memory;
use crate::settling::Settling;
use crate::totals::Dirty;
use crate::{OrderProjection, OrderView, ProjectorError, RecordFault, documents};

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
        // What is polled is kept before anything is awaited: a step may be cut off here.
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

/// Reads, folds, writes; again for the documents that moved on meanwhile, until each is written or
/// found to be newer, and each record that cannot be applied is on the desk.
///
/// What has taken effect leaves the batch at once: a step that is cut off, or fails, goes on from
/// there.
async fn apply<P: OrderProjection>(
    healer: &Healer<P>,
    dead_letters: &DeadLetters,
    batch: &mut Batch,
    expects_new: &mut bool,
    memory: &mut Memory,
) -> Result<(), ProjectorError> {
    let (database, generation) = (&healer.database, &healer.generation);
    let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
    // Orders whose document was refused: one event at a time shows which one it is.
    let mut one_by_one: HashSet<String> = HashSet::new();
    let beginning: HashSet<String> = batch.beginning().cloned().collect();
    // Of these no document is read: it is remembered, or thought not to be there. Where there is
    // another one all the same the write meets it.
    let mut unread: HashSet<String> = batch.events.keys().cloned().collect();
    unread.retain(|id| memory.recall(id).is_some() || *expects_new && beginning.contains(id));
    let mut known_before: HashSet<String> = HashSet::new();
    while !batch.events.is_empty() {
        let since = time::Instant::now();
        let orders: Vec<String> = batch.events.keys().cloned().collect();
        let sought = orders.iter().filter(|id| !unread.contains(*id));
        let sought: Vec<String> = sought.cloned().collect();
        let mut read = documents::read(database, generation, &sought).await?;
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
            let remembered = memory
                .recall(&order_id)
                .filter(|_| unread.contains(&order_id));
            let known: Known<P> = match remembered {
                Some(document) => Known::of(document.clone()),
                None => read.remove(&order_id).unwrap_or_default(),
            };
            let is_whole = known.raw.is_none() || remembered.is_some();
            if known.raw.is_some() && beginning.contains(&order_id) {
                known_before.insert(order_id.clone());
            }
            let mut folded = fold(&healer.store, &order_id, &known, events, most).await?;
            // Also of what is known already: whoever wrote it may not have come further.
            let mut dirty = Dirty::default();
            let mut whole = None;
            match folded.entry.take() {
                Some(entry) => {
                    let document = entry.raw()?;
                    whole = is_whole.then(|| document.clone());
                    let before = known.raw.as_deref();
                    // Whoever wrote what comes again may not have come to its totals.
                    if folded.counts.only_applied() && known.held_back.is_none() {
                        dirty.write(P::totals(), since, before, &document);
                    } else {
                        before.into_iter().for_each(|d| dirty.mark(P::totals(), d));
                        dirty.mark(P::totals(), &document);
                    }
                    changes.push(Change {
                        document,
                        order_id: entry.order_id,
                        guard: known.guard,
                    });
                }
                None => {
                    if let Some(document) = &known.raw {
                        dirty.mark(P::totals(), document);
                    }
                }
            }
            folds.push((order_id, folded, dirty, whole));
        }
        let written = documents::write(database, generation, changes).await?;
        let missed: HashSet<String> = written.missed.into_iter().collect();
        let mut refused: HashMap<String, RecordFault> = written.refused.into_iter().collect();
        for (order_id, mut folded, dirty, whole) in folds {
            let moved_on = missed.contains(&order_id);
            // What went wrong may be that this was applied long ago.
            let in_doubt = folded.events == 0 || moved_on || refused.contains_key(&order_id);
            if in_doubt {
                memory.forget(&order_id);
                if unread.remove(&order_id) {
                    refused.remove(&order_id);
                    continue;
                }
            }
            if moved_on {
                continue;
            }
            if let Some(fault) = refused.remove(&order_id) {
                if one_by_one.insert(order_id.clone()) && folded.events > 1 {
                    continue;
                }
                folded.stop = Some(Stop::Fault(fault));
            } else {
                if let Some(document) = whole {
                    memory.keep(order_id.clone(), document);
                }
                batch.counts.add(folded.counts);
                batch.dirty.add(dirty);
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
    if !beginning.is_empty() {
        *expects_new = known_before.len() * 2 <= beginning.len();
    }
    while let Some((record, fault)) = batch.keyless.front() {
        judge(healer, dead_letters, record, fault).await?;
        batch.refused += 1;
        batch.keyless.pop_front();
    }
    Ok(())
}
