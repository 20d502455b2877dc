use std::collections::HashMap;
use std::time::Duration;

use messaging::{BatchConsumer, IncomingRecord, MessagingError, Polled};
use runtime::Backoff;
use runtime::health::{Check, watched};
use tokio_util::sync::CancellationToken;

use crate::ProjectorError;

/// Records in a batch, unless told otherwise: one `$in` and a few bulk commands each.
pub(crate) const BATCH: usize = 1000;
/// How long a batch under way may take to end after the process was told to stop.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// How long the broker may take to note the last offsets.
const LAST_COMMIT: Duration = Duration::from_secs(2);

/// A member of a generation's consumer group.
pub(crate) struct Intake {
    consumer: BatchConsumer,
    group: String,
    /// Records in a batch.
    most: usize,
    /// The client reports it once and then leaves the partition alone: it must not be forgotten.
    offset_lost: Option<String>,
}

impl Intake {
    pub fn new(consumer: BatchConsumer, group: &str) -> Self {
        Self {
            consumer,
            group: group.to_owned(),
            most: BATCH,
            offset_lost: None,
        }
    }

    /// Takes more records, or fewer, in a batch.
    pub fn with_batches_of(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// A batch, waited for up to `patience`. Can be cut off anywhere.
    pub async fn poll(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Vec<IncomingRecord>>, ProjectorError> {
        if let Some(detail) = &self.offset_lost {
            return Err(self.lost(detail));
        }
        match self.consumer.poll(self.most, patience).await {
            Polled::Records(records) => Ok(Some(records)),
            Polled::Idle => Ok(None),
            Polled::OffsetLost(detail) => {
                let error = self.lost(&detail);
                self.offset_lost = Some(detail);
                Err(error)
            }
            Polled::Dead(reason) => {
                self.consumer.rejoin()?;
                Err(ProjectorError::Rejoined(reason))
            }
            Polled::Failed(error) => Err(MessagingError::from(error).into()),
        }
    }

    fn lost(&self, detail: &str) -> ProjectorError {
        ProjectorError::OffsetLost {
            group: self.group.clone(),
            detail: detail.to_owned(),
        }
    }

    /// Says that everything up to and including these offsets has taken effect.
    pub fn store(&self, offsets: &HashMap<i32, i64>) -> Result<(), ProjectorError> {
        let lost = self.consumer.store(offsets)?;
        if !lost.is_empty() {
            tracing::info!(partitions = ?lost, "offsets left to the partitions' new owner");
        }
        Ok(())
    }
}

/// Whatever takes in records step by step.
pub(crate) trait Steps: Send + Sized {
    fn intake(&self) -> &Intake;

    fn into_intake(self) -> Intake;

    /// Takes in a batch, waited for up to `patience`, or what an error left in hand.
    fn advance(
        &mut self,
        patience: Duration,
    ) -> impl Future<Output = Result<(), ProjectorError>> + Send;

    /// Ends what is under way, so that its offsets are stored.
    fn settle_all(&mut self) -> impl Future<Output = Result<(), ProjectorError>> + Send;
}

/// Steps until `stop`, then ends the batch under way and commits. Whatever is away is waited
/// for; lost offsets stay an error until somebody fills the read model again.
pub(crate) async fn run(mut worker: impl Steps, check: Check, stop: CancellationToken) {
    let mut fault = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let mut had_share = false;
    while !stop.is_cancelled() {
        let step = tokio::select! {
            step = watched(&check, worker.advance(Duration::from_millis(500))) => step,
            () = async { stop.cancelled().await; tokio::time::sleep(LAST_BATCH).await } => break,
        };
        match step {
            Ok(()) if worker.intake().consumer.has_joined() => {
                check.up();
                fault.reset();
                had_share = true;
            }
            // Reading nothing: it has joined anew, and waits for its share.
            Ok(()) if had_share => check.away("the group has not given it partitions again yet"),
            Ok(()) => {}
            Err(error) => {
                check.away(&error);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(fault.wait()) => {}
                }
            }
        }
    }
    if let Ok(Err(error)) = tokio::time::timeout(LAST_BATCH, worker.settle_all()).await {
        tracing::warn!(%error, "what was under way is left to whoever reads those records again");
    }
    if let Err(error) = worker.into_intake().consumer.leave(LAST_COMMIT).await {
        tracing::warn!(%error, "the last offsets are not committed: those records come again");
    }
}
