use std::time::Duration;

use bson::doc;
use messaging::Kafka;
use read_models::{BuildState, PartitionFreshness};
use tokio::time::Instant;

use super::{Generations, Role};
use crate::{ProjectorError, Topics};

/// Longer than the session of a member that was killed.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(250);

impl Generations {
    /// Deletes a generation: its collections and its group. What is left when this is interrupted
    /// goes at the next attempt.
    pub async fn discard(
        &self,
        number: u32,
        owner: &str,
        kafka: &Kafka,
        topics: &Topics,
    ) -> Result<(), ProjectorError> {
        let known = self.find(number).await?;
        let live = ProjectorError::Live {
            projection: self.name(),
            number,
        };
        if known.role == Role::Live {
            return Err(live);
        }
        self.keep(&known.record).await?;
        let claim = self.take_over(known.record, owner).await?;
        let dropping = bson::serialize_to_bson(&BuildState::Dropping)?;
        claim.update(doc! { "$set": { "state": dropping } }).await?;
        // From here on no switch leads there; one that came before is seen now.
        if self.find(number).await?.role == Role::Live {
            let filled = bson::serialize_to_bson(&BuildState::Filled)?;
            claim.update(doc! { "$set": { "state": filled } }).await?;
            claim.release().await?;
            return Err(live);
        }
        // A worker that still writes would make the collection anew.
        let sources = self.projection.sources(claim.generation(), topics);
        let started = Instant::now();
        loop {
            let mut members = Vec::new();
            for source in &sources {
                let of_topic = kafka.group_members(&source.group, &source.topic.name);
                members.extend(of_topic.await?);
            }
            if members.is_empty() {
                break;
            }
            if started.elapsed() > PATIENCE {
                return Err(ProjectorError::Followed {
                    projection: self.name(),
                    number,
                    hosts: members.into_iter().map(|member| member.host).collect(),
                });
            }
            tokio::time::sleep(LOOK).await;
        }
        for collection in &claim.record.collections {
            let collection = self
                .database
                .database()
                .collection::<bson::Document>(collection);
            collection.drop().await?;
        }
        let freshness = self.database.database();
        freshness
            .collection::<PartitionFreshness>(PartitionFreshness::COLLECTION)
            .delete_many(doc! { "group": &claim.generation().group })
            .await?;
        for source in &sources {
            kafka.delete_group(&source.group).await?;
        }
        let dropped = bson::serialize_to_bson(&BuildState::Dropped)?;
        let gone = doc! { "$set": { "state": dropped }, "$unset": { "builder": "" } };
        claim.update(gone).await
    }
}
