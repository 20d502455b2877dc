use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use messaging::{BatchConsumer, IncomingRecord, MessagingError, Polled};
use runtime::Backoff;
use runtime::health::{Check, watched};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::group::group;
use crate::intake::{Counts, Intake};
use crate::{ParticipantError, Reactor};

/// Records in a batch: one statement each.
const BATCH: usize = 200;
/// From the beginning of a batch to the next one at least, unless more than a batch waits: what
/// arrives meanwhile goes together, and costs Postgres little more than one record does. A lone
/// record is taken in at once.
const REST: Duration = Duration::from_millis(100);
/// How long a batch under way may take to end after the process was told to stop.
const LAST_BATCH: Duration = Duration::from_secs(5);

/// How long the broker may take to note the last offsets.
const LAST_COMMIT: Duration = Duration::from_secs(2);

/// Takes in one topic for a participant. Any number of them share the partitions.
pub struct Worker<R: Reactor> {
    consumer: BatchConsumer,
    intake: Arc<Intake<R>>,
    topic: String,
    /// What was polled and has not taken effect yet. It stays here until it has, whatever error or
    /// cancellation comes in between.
    in_hand: Option<Vec<IncomingRecord>>,
    /// When the next batch may be polled.
    rested: Instant,
    /// The client reports it once and then leaves the partition alone: it must not be forgotten.
    offset_lost: Option<String>,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to read.
    Idle,
    TookIn(Counts),
}

impl<R: Reactor> Worker<R> {
    /// `consumer` has [joined](crate::join) for `topic`, which carries what the intake reads.
    pub fn new(consumer: BatchConsumer, topic: &str, intake: Arc<Intake<R>>) -> Self {
        Self {
            consumer,
            intake,
            topic: topic.to_owned(),
            in_hand: None,
            rested: Instant::now(),
            offset_lost: None,
        }
    }

    /// Polls a batch, waiting up to `patience` for it, and takes it in; or takes in what an error
    /// left in hand. Offsets are stored only after everything is written.
    pub async fn step(&mut self, patience: Duration) -> Result<Step, ParticipantError> {
        if self.in_hand.is_none() {
            self.in_hand = self.poll(patience).await?;
        }
        let Some(records) = &self.in_hand else {
            return Ok(Step::Idle);
        };
        let counts = self.intake.take_in(records).await?;
        // Nothing is awaited from here on: a step that is cut off leaves its batch in hand.
        let records = self.in_hand.take().unwrap_or_default();
        let done: HashMap<i32, i64> = records.iter().map(|r| (r.partition, r.offset)).collect();
        let lost = self.consumer.store(&done)?;
        if !lost.is_empty() {
            tracing::info!(partitions = ?lost, "offsets left to the partitions' new owner");
        }
        Ok(Step::TookIn(counts))
    }

    async fn poll(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Vec<IncomingRecord>>, ParticipantError> {
        if let Some(detail) = &self.offset_lost {
            return Err(self.lost(detail));
        }
        sleep_until(self.rested).await;
        match self.consumer.poll(BATCH, patience).await {
            Polled::Records(records) => {
                if records.len() < BATCH {
                    self.rested = Instant::now() + REST;
                }
                Ok(Some(records))
            }
            Polled::Idle => Ok(None),
            Polled::OffsetLost(detail) => {
                let error = self.lost(&detail);
                self.offset_lost = Some(detail);
                Err(error)
            }
            Polled::Dead(reason) => {
                self.consumer.rejoin()?;
                Err(ParticipantError::Rejoined(reason))
            }
            Polled::Failed(error) => Err(MessagingError::from(error).into()),
        }
    }

    fn lost(&self, detail: &str) -> ParticipantError {
        ParticipantError::OffsetLost {
            group: group(R::CONSUMER, &self.topic),
            topic: self.topic.clone(),
            detail: detail.to_owned(),
        }
    }

    /// Steps until `stop`, then ends the batch under way and commits.
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
        if let Err(error) = self.consumer.leave(LAST_COMMIT).await {
            tracing::warn!(%error, "the last offsets are not committed: those records come again");
        }
    }

    /// Whether the group has given this member its share.
    pub fn has_joined(&self) -> bool {
        self.consumer.has_joined()
    }
}
