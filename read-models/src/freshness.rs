use bson::{DateTime, doc};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::{Generation, ReadDatabase, ReadModelError};

/// How far one partition of a generation has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionFreshness {
    /// `{group}/{partition}`
    #[serde(rename = "_id")]
    pub id: String,
    pub group: String,
    pub partition: i32,
    /// Of the topic: as long as one of them is not known, neither is the generation's freshness.
    pub partitions: i32,
    /// By Postgres's clock: what was answered before it, and was published to this partition, is
    /// in the documents.
    pub applied_through: DateTime,
}

/// How stale a projection is, by the reader's clock. What was known last only grows older: that
/// nothing can be learnt any more makes nothing fresh.
#[derive(Debug, Default)]
pub struct Staleness {
    applied_through: Option<DateTime>,
}

impl Staleness {
    /// Takes in what was read; `None` says nothing.
    pub fn learn(&mut self, applied_through: Option<DateTime>) {
        self.applied_through = applied_through.or(self.applied_through);
    }

    /// In seconds, at this time in milliseconds since 1970; `None` before anything was known.
    pub fn seconds(&self, now: i64) -> Option<f64> {
        let through = self.applied_through?.timestamp_millis();
        Some((now - through).max(0) as f64 / 1000.0)
    }
}

/// What all partitions of a generation together say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionsApplied {
    /// Of the topic; `None` before any of them has said so.
    pub partitions: Option<i32>,
    /// See [`ReadDatabase::applied_through`].
    pub applied_through: Option<DateTime>,
}

impl PartitionFreshness {
    pub const COLLECTION: &str = "projection_freshness";
}

impl ReadDatabase {
    /// Whatever was answered before this, by Postgres's clock, can be seen in the generation's
    /// documents, except for what is held back. `None` as long as that is not known. How stale the
    /// documents are is for the reader's own clock to say: it goes on when everything else stands.
    pub async fn applied_through(
        &self,
        generation: &Generation,
    ) -> Result<Option<DateTime>, ReadModelError> {
        let applied = self.partitions_applied(generation).await?;
        Ok(applied.applied_through)
    }

    pub async fn partitions_applied(
        &self,
        generation: &Generation,
    ) -> Result<PartitionsApplied, ReadModelError> {
        let known: Vec<PartitionFreshness> = self
            .freshness()
            .find(doc! { "group": &generation.group })
            .await?
            .try_collect()
            .await?;
        let partitions = known.first().map(|first| first.partitions);
        let all = usize::try_from(partitions.unwrap_or(0)).unwrap_or(0);
        let oldest = known
            .iter()
            .map(|partition| partition.applied_through)
            .min();
        Ok(PartitionsApplied {
            partitions,
            applied_through: oldest.filter(|_| known.len() == all),
        })
    }

    /// Never lowers it: a worker that was paused is right about the past.
    pub async fn raise_applied_through(
        &self,
        to: &PartitionFreshness,
    ) -> Result<(), ReadModelError> {
        let change = doc! {
            "$max": { "appliedThrough": to.applied_through },
            "$set": {
                "group": &to.group, "partition": to.partition, "partitions": to.partitions,
            },
        };
        self.freshness()
            .update_one(doc! { "_id": &to.id }, change)
            .upsert(true)
            .await?;
        Ok(())
    }

    fn freshness(&self) -> mongodb::Collection<PartitionFreshness> {
        self.database().collection(PartitionFreshness::COLLECTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_any_more_grows_older() {
        let mut staleness = Staleness::default();
        assert_eq!(staleness.seconds(10_000), None);
        staleness.learn(Some(DateTime::from_millis(9_000)));
        assert_eq!(staleness.seconds(10_000), Some(1.0));
        staleness.learn(None);
        assert_eq!(staleness.seconds(70_500), Some(61.5));
        // Another generation answers now, which is behind the one before.
        staleness.learn(Some(DateTime::from_millis(5_000)));
        assert_eq!(staleness.seconds(70_500), Some(65.5));
    }
}
