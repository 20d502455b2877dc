use std::time::Duration;

use bson::{Document, doc};
use mongodb::error::{ErrorKind, WriteFailure};
use read_models::{BuildState, Builder, Filling, Generation, GenerationRecord, ReadDatabase};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Generations;
use crate::ProjectorError;

const BEAT: Duration = Duration::from_secs(1);
/// A beat that stands still for so long is that of a builder who is gone.
const GONE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(250);
const DUPLICATE_KEY: i32 = 11000;

/// A generation in the hands of one builder, for as long as this lives.
pub(crate) struct Claim {
    pub record: GenerationRecord,
    database: ReadDatabase,
    owner: String,
    /// Somebody else has taken it for left.
    lost: CancellationToken,
    _beating: JoinSet<()>,
}

impl Generations {
    /// Takes up the generation that an earlier builder left unfinished, or makes the next one.
    /// Refuses while somebody is at work on one.
    pub(super) async fn claim(&self, owner: &str) -> Result<Claim, ProjectorError> {
        let (projection, schema_version) = (self.name(), self.projection.schema_version());
        loop {
            // One reading decides both: whoever inserts the same number meets the other's.
            let (pointer, records) = self.read().await?;
            let unfinished = records.iter().find(|record| match record.state {
                BuildState::Building => true,
                BuildState::Filled => record.builder.is_some(),
                BuildState::Dropping | BuildState::Dropped => false,
            });
            if let Some(left) = unfinished {
                let found = left.generation.schema_version;
                if found != schema_version {
                    self.wait_until_left(left).await?;
                    return Err(ProjectorError::LeftUnfinished {
                        projection,
                        number: left.generation.number,
                        found,
                        known: schema_version,
                    });
                }
                return self.take_over(left.clone(), owner).await;
            }
            let newest = records.last().map(|record| record.generation.number);
            // The first one is what a projector makes where there is none.
            let number = newest.or(pointer.map(|p| p.live.number)).unwrap_or(1) + 1;
            let name = self.database.database().name();
            let next = Generation::new(name, projection, number, schema_version);
            let collections = self.collections(&next);
            let building = BuildState::Building;
            let mut record = GenerationRecord::new(projection, next, collections, building);
            record.builder = Some(Builder {
                owner: owner.to_owned(),
                beat: 0,
            });
            match self.database.generations().insert_one(&record).await {
                Ok(_) => return Ok(Claim::hold(self.database.clone(), record, owner)),
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) async fn take_over(
        &self,
        record: GenerationRecord,
        owner: &str,
    ) -> Result<Claim, ProjectorError> {
        let left = self.wait_until_left(&record).await?;
        let taken = Builder {
            owner: owner.to_owned(),
            beat: 0,
        };
        let this = match &left {
            Some(left) => {
                doc! { "_id": &record.id, "builder.owner": &left.owner, "builder.beat": left.beat }
            }
            None => doc! { "_id": &record.id, "builder": null },
        };
        let set = doc! { "$set": { "builder": bson::serialize_to_document(&taken)? } };
        let generations = self.database.generations();
        if generations.update_one(this, set).await?.matched_count == 0 {
            return Err(self.busy(&record));
        }
        let record = generations
            .find_one(doc! { "_id": &record.id })
            .await?
            .ok_or(ProjectorError::TakenOver)?;
        Ok(Claim::hold(self.database.clone(), record, owner))
    }

    /// The builder who is gone, if there is one. Refuses as soon as he shows that he is not.
    async fn wait_until_left(
        &self,
        record: &GenerationRecord,
    ) -> Result<Option<Builder>, ProjectorError> {
        let Some(builder) = &record.builder else {
            return Ok(None);
        };
        let since = tokio::time::Instant::now();
        while since.elapsed() < GONE {
            tokio::time::sleep(LOOK).await;
            let this = doc! { "_id": &record.id };
            let now = self.database.generations().find_one(this).await?;
            if now.as_ref().and_then(|now| now.builder.as_ref()) != Some(builder) {
                return Err(self.busy(record));
            }
        }
        Ok(Some(builder.clone()))
    }

    fn busy(&self, record: &GenerationRecord) -> ProjectorError {
        let owner = record.builder.as_ref().map(|b| b.owner.clone());
        ProjectorError::BeingBuilt {
            projection: self.name(),
            number: record.generation.number,
            owner: owner.unwrap_or_default(),
        }
    }
}

impl Claim {
    fn hold(database: ReadDatabase, record: GenerationRecord, owner: &str) -> Self {
        let lost = CancellationToken::new();
        let mut beating = JoinSet::new();
        beating.spawn(beat(database.clone(), own(&record, owner), lost.clone()));
        Self {
            record,
            database,
            owner: owner.to_owned(),
            lost,
            _beating: beating,
        }
    }

    pub fn generation(&self) -> &Generation {
        &self.record.generation
    }

    /// Changes the record, as long as it is this builder's.
    pub async fn update(&self, change: Document) -> Result<(), ProjectorError> {
        let own = own(&self.record, &self.owner);
        let updated = self.database.generations().update_one(own, change).await?;
        if updated.matched_count == 0 {
            return Err(ProjectorError::TakenOver);
        }
        Ok(())
    }

    /// Notes what the filling starts from.
    pub async fn begin(&mut self, filling: Filling) -> Result<(), ProjectorError> {
        let set = doc! { "$set": { "filling": bson::serialize_to_document(&filling)? } };
        self.update(set).await?;
        self.record.filling = Some(filling);
        Ok(())
    }

    /// Whoever follows the projection may follow it now.
    pub async fn filled(&mut self) -> Result<(), ProjectorError> {
        let filled = bson::serialize_to_bson(&BuildState::Filled)?;
        self.update(doc! { "$set": { "state": filled } }).await?;
        self.record.state = BuildState::Filled;
        Ok(())
    }

    /// Cancelled once somebody else has taken this over.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// The work is done.
    pub async fn release(self) -> Result<(), ProjectorError> {
        self.update(doc! { "$unset": { "builder": "" } }).await
    }
}

fn own(record: &GenerationRecord, owner: &str) -> Document {
    doc! { "_id": &record.id, "builder.owner": owner }
}

async fn beat(database: ReadDatabase, own: Document, lost: CancellationToken) {
    loop {
        tokio::time::sleep(BEAT).await;
        let raise = doc! { "$inc": { "builder.beat": 1_i64 } };
        let generations = database.generations();
        match generations.update_one(own.clone(), raise).await {
            Ok(updated) if updated.matched_count == 0 => return lost.cancel(),
            Ok(_) => {}
            // Nobody else reaches the record either, or has taken it: the next beat tells.
            Err(error) => tracing::warn!(%error, "a builder's beat is late"),
        }
    }
}

fn is_duplicate(error: &mongodb::error::Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE_KEY
    )
}
