use std::collections::HashMap;
use std::time::Duration;

use event_store::dead_letters::DeadLetters;
use messaging::{BatchConsumer, IncomingRecord};
use read_models::{Generation, LoggedRecord, ReadDatabase};
use runtime::health::Check;
use tokio_util::sync::CancellationToken;

use super::write::write;
use crate::ProjectorError;
use crate::intake::{self, Intake, Steps};
use crate::judge::put_on_desk;

/// Keeps one generation of `event_log` fresh. Any number of them share the partitions.
pub struct EventLogWorker {
    intake: Intake,
    database: ReadDatabase,
    dead_letters: DeadLetters,
    generation: Generation,
    /// What was polled and is not in the log yet.
    in_hand: Vec<IncomingRecord>,
}

impl EventLogWorker {
    /// `consumer` is a member of the generation's group.
    pub fn new(
        consumer: BatchConsumer,
        database: ReadDatabase,
        dead_letters: DeadLetters,
        generation: Generation,
    ) -> Self {
        Self {
            intake: Intake::new(consumer, &generation.group),
            database,
            dead_letters,
            generation,
            in_hand: Vec::new(),
        }
    }

    /// Polls a batch, waiting up to `patience` for it, and logs it; or logs what an error left in
    /// hand. What MongoDB will not take is put on the desk instead. Returns how many records that
    /// were.
    pub async fn step(&mut self, patience: Duration) -> Result<usize, ProjectorError> {
        if self.in_hand.is_empty() {
            self.in_hand = self.intake.poll(patience).await?.unwrap_or_default();
        }
        let refused = write(&self.database, &self.generation.collection, &self.in_hand).await?;
        for (index, fault) in &refused {
            let record = &self.in_hand[*index];
            put_on_desk(&self.dead_letters, record, fault, LoggedRecord::PROJECTION).await?;
        }
        let records = std::mem::take(&mut self.in_hand);
        let offsets: HashMap<i32, i64> = records.iter().map(|r| (r.partition, r.offset)).collect();
        self.intake.store(&offsets)?;
        for (outcome, count) in [
            ("applied", records.len() - refused.len()),
            ("refused", refused.len()),
        ] {
            metrics::counter!(
                "projection_events_total",
                "projection" => LoggedRecord::PROJECTION, "outcome" => outcome
            )
            .increment(count as u64);
        }
        Ok(records.len())
    }

    /// Steps until `stop`, then ends what is under way and commits.
    pub async fn run(self, check: Check, stop: CancellationToken) {
        intake::run(self, check, stop).await;
    }
}

impl Steps for EventLogWorker {
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
