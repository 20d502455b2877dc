use std::fmt;

use bson::doc;
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::{BuildState, GenerationRecord, ProjectionPointer};
use serde::Serialize;

use super::Generations;
use crate::ProjectorError;

/// A generation, and what it is there for right now.
#[derive(Clone, Debug)]
pub struct KnownGeneration {
    pub record: GenerationRecord,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Not yet filled.
    Building,
    /// Filled, and not switched to yet.
    Filled,
    /// Answers queries.
    Live,
    /// Was live before: a rollback leads there.
    Retired,
    Dropping,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Building => "building",
            Self::Filled => "filled",
            Self::Live => "live",
            Self::Retired => "retired",
            Self::Dropping => "dropping",
        })
    }
}

impl Generations {
    /// All that are not dropped, the oldest first.
    pub async fn known(&self) -> Result<Vec<KnownGeneration>, ProjectorError> {
        let (pointer, records) = self.read().await?;
        let role = |record: &GenerationRecord| match (&pointer, record.state) {
            (Some(pointer), _) if pointer.live.number == record.generation.number => Role::Live,
            (_, BuildState::Building) => Role::Building,
            (_, BuildState::Dropping | BuildState::Dropped) => Role::Dropping,
            (Some(pointer), _)
                if record.generation.number < pointer.live.number
                    || pointer.previous == Some(record.generation.number) =>
            {
                Role::Retired
            }
            _ => Role::Filled,
        };
        Ok(records
            .into_iter()
            .filter(|record| record.state != BuildState::Dropped)
            .map(|record| KnownGeneration {
                role: role(&record),
                record,
            })
            .collect())
    }

    pub async fn find(&self, number: u32) -> Result<KnownGeneration, ProjectorError> {
        let known = self.known().await?;
        let found = known
            .into_iter()
            .find(|k| k.record.generation.number == number);
        found.ok_or(ProjectorError::NoGeneration {
            projection: self.name(),
            number,
        })
    }

    /// The pointer, and all records, dropped ones included. A live generation that an older
    /// release made has no record: it is given one.
    pub(super) async fn read(
        &self,
    ) -> Result<(Option<ProjectionPointer>, Vec<GenerationRecord>), ProjectorError> {
        // The pointer first: what it names is in the records, or was made without one.
        let pointer = self.database.pointer(self.name()).await?;
        let mut records: Vec<GenerationRecord> = self
            .database
            .generations()
            .find(doc! { "projection": self.name() })
            .selection_criteria(ReadPreference::Primary.into())
            .await?
            .try_collect()
            .await?;
        if let Some(pointer) = &pointer
            && !records.iter().any(|r| r.generation == pointer.live)
        {
            let live = pointer.live.clone();
            let collections = self.collections(&live);
            let filled = BuildState::Filled;
            records.push(GenerationRecord::new(
                self.name(),
                live,
                collections,
                filled,
            ));
        }
        records.sort_by_key(|record| record.generation.number);
        Ok((pointer, records))
    }

    /// Writes a record where there is none.
    pub(super) async fn keep(&self, record: &GenerationRecord) -> Result<(), ProjectorError> {
        let mut fields = bson::serialize_to_document(record)?;
        fields.remove("_id");
        self.database
            .generations()
            .update_one(doc! { "_id": &record.id }, doc! { "$setOnInsert": fields })
            .upsert(true)
            .await?;
        Ok(())
    }
}
