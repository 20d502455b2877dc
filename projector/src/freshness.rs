use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bson::DateTime;
use event_store::Outbox;
use messaging::GroupProgress;
use read_models::{Generation, PartitionFreshness, ReadDatabase, Staleness};
use runtime::Clock;
use runtime::health::Check;
use tokio_util::sync::CancellationToken;

use crate::ProjectorError;

/// Between looks at what the group has committed.
const LOOK: Duration = Duration::from_millis(250);
/// Looks between notes of how far Postgres and the topic are.
const LOOKS_A_NOTE: u32 = 4;

/// Says how fresh a generation is, in a way that nobody who stands still can make look better: the
/// relay by not publishing, the workers by not reading, Postgres by not answering.
///
/// First the time before which everything is on the topic is noted, then where the topic ends.
/// When the group has committed what lies before that end, everything older is in the documents.
///
/// Of topics beside the orders' it is said that what was on them by that time is in the documents,
/// too: what their owners had not published yet nobody here knows.
pub struct Freshness {
    outbox: Outbox,
    /// Of each topic, with the group that reads it; the orders' first.
    progress: Vec<(String, GroupProgress)>,
    database: ReadDatabase,
    projection: &'static str,
    generation: Generation,
    /// Of each topic's partitions: the time that counts when the group has passed an offset.
    noted: HashMap<(usize, i32), Note>,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    published_through: DateTime,
    end: i64,
}

impl Freshness {
    pub fn new(
        outbox: Outbox,
        progress: GroupProgress,
        database: ReadDatabase,
        projection: &'static str,
        generation: Generation,
    ) -> Self {
        let progress = vec![(generation.group.clone(), progress)];
        Self::over(outbox, progress, database, projection, generation)
    }

    /// Over all topics that a generation reads, the orders' first.
    pub fn over(
        outbox: Outbox,
        progress: Vec<(String, GroupProgress)>,
        database: ReadDatabase,
        projection: &'static str,
        generation: Generation,
    ) -> Self {
        Self {
            outbox,
            progress,
            database,
            projection,
            generation,
            noted: HashMap::new(),
        }
    }

    /// Notes where things are, for the partitions that have passed their last note.
    pub async fn note(&mut self) -> Result<(), ProjectorError> {
        // In this order: what is published by then is before the ends.
        let published_through = self.outbox.published_through().await?;
        let published_through = DateTime::from_system_time(published_through);
        for (topic, (_, progress)) in self.progress.iter().enumerate() {
            for (partition, end) in progress.ends().await? {
                let note = Note {
                    published_through,
                    end,
                };
                self.noted.entry((topic, partition)).or_insert(note);
            }
        }
        Ok(())
    }

    /// Writes down what the group has passed. Returns how many events the group has before it, as
    /// far as it was noted.
    pub async fn settle(&mut self) -> Result<u64, ProjectorError> {
        let mut committed = Vec::with_capacity(self.progress.len());
        let mut partitions = 0;
        for (group, progress) in &self.progress {
            // All topics' partitions are counted on, one after the other.
            committed.push((group, partitions, progress.committed().await?));
            partitions += i32::from(progress.partitions());
        }
        let mut behind = 0;
        for ((topic, partition), note) in self.noted.clone() {
            let Some((group, before, committed)) = committed.get(topic) else {
                continue;
            };
            let at = committed.get(&partition).copied().unwrap_or_default();
            if at < note.end {
                behind += note.end - at;
                continue;
            }
            let to = PartitionFreshness {
                id: format!("{group}/{partition}"),
                group: self.generation.group.clone(),
                partition: before + partition,
                partitions,
                applied_through: note.published_through,
            };
            self.database.raise_applied_through(&to).await?;
            self.noted.remove(&(topic, partition));
        }
        Ok(u64::try_from(behind).unwrap_or_default())
    }

    /// Turns until `stop`, and keeps the gauges of the lag: the one in seconds grows also while
    /// nothing else can be learnt.
    pub async fn run(mut self, clock: Arc<dyn Clock>, check: Check, stop: CancellationToken) {
        let generation = self.generation.number.to_string();
        let in_events = metrics::gauge!(
            "projection_lag_events",
            "projection" => self.projection, "generation" => generation.clone()
        );
        let in_seconds = metrics::gauge!(
            "projection_lag_seconds",
            "projection" => self.projection, "generation" => generation
        );
        let mut staleness = Staleness::default();
        for look in 0_u32.. {
            let turn = async {
                if look % LOOKS_A_NOTE == 0 {
                    self.note().await?;
                }
                in_events.set(self.settle().await? as f64);
                if look % LOOKS_A_NOTE == LOOKS_A_NOTE - 1 {
                    staleness.learn(self.database.applied_through(&self.generation).await?);
                }
                Ok::<_, ProjectorError>(())
            };
            match turn.await {
                Ok(()) => check.up(),
                Err(error) => check.away(error),
            }
            if let Some(seconds) = staleness.seconds(clock.now().as_millisecond()) {
                in_seconds.set(seconds);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}
