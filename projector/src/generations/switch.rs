use bson::doc;
use messaging::Kafka;
use read_models::{BuildState, Generation, GenerationRecord, ProjectionPointer};

use super::{Generations, KnownGeneration, Role};
use crate::{ProjectorError, Topics};

impl Generations {
    /// Makes a generation the one that answers. Without `stale` it must have followers: nobody
    /// would bring it up to date.
    pub async fn switch(
        &self,
        number: u32,
        kafka: &Kafka,
        topics: &Topics,
        stale: bool,
    ) -> Result<Generation, ProjectorError> {
        let KnownGeneration { record, role } = self.find(number).await?;
        match role {
            Role::Live => return Ok(record.generation),
            Role::Building | Role::Dropping => {
                return Err(ProjectorError::NotFilled {
                    projection: self.name(),
                    number,
                });
            }
            Role::Filled | Role::Retired => {}
        }
        for source in self.projection.sources(&record.generation, topics) {
            let members = kafka.group_members(&source.group, &source.topic.name);
            if !stale && members.await?.is_empty() {
                return Err(ProjectorError::Unfollowed {
                    projection: self.name(),
                    number,
                });
            }
        }
        let pointer = self.database.pointer(self.name()).await?;
        self.point(pointer.as_ref(), &record.generation).await?;
        Ok(record.generation)
    }

    /// Back to the generation that answered before.
    pub async fn rollback(
        &self,
        kafka: &Kafka,
        topics: &Topics,
        stale: bool,
    ) -> Result<Generation, ProjectorError> {
        let pointer = self.database.pointer(self.name()).await?;
        let previous = pointer.and_then(|pointer| pointer.previous);
        let previous = previous.ok_or(ProjectorError::NoPrevious {
            projection: self.name(),
        })?;
        self.switch(previous, kafka, topics, stale).await
    }

    /// The one write that is the switch. Refused where another one came in between.
    pub(super) async fn point(
        &self,
        from: Option<&ProjectionPointer>,
        to: &Generation,
    ) -> Result<(), ProjectorError> {
        let pointer = ProjectionPointer {
            projection: self.name().to_owned(),
            live: to.clone(),
            previous: from.map(|from| from.live.number),
        };
        let pointers = self.database.pointers();
        if let Some(from) = from {
            // One whose record was never written must have one before it is no longer live.
            let record = GenerationRecord::new(
                self.name(),
                from.live.clone(),
                self.collections(&from.live),
                BuildState::Filled,
            );
            self.keep(&record).await?;
            let this = doc! { "_id": self.name(), "live.number": from.live.number };
            if pointers.replace_one(this, &pointer).await?.matched_count == 0 {
                return Err(ProjectorError::Switched);
            }
        } else {
            let mut fields = bson::serialize_to_document(&pointer)?;
            fields.remove("_id");
            let this = doc! { "_id": self.name() };
            let made = pointers
                .update_one(this, doc! { "$setOnInsert": fields })
                .upsert(true)
                .await?;
            if made.upserted_id.is_none() {
                return Err(ProjectorError::Switched);
            }
        }
        // Another command may have begun to drop it, and not have seen this.
        if self.find(to.number).await?.record.state != BuildState::Filled {
            let this = doc! { "_id": self.name(), "live.number": to.number };
            match from {
                Some(from) => {
                    pointers.replace_one(this, from).await?;
                }
                None => {
                    pointers.delete_one(this).await?;
                }
            }
            return Err(ProjectorError::NotFilled {
                projection: self.name(),
                number: to.number,
            });
        }
        Ok(())
    }
}
