use std::sync::Arc;

use read_models::{BuildState, Generation};

use super::building::Building;
use super::catch_up::catch_up;
use super::claim::Claim;
use super::{Compare, Comparison, Generations};
use crate::collections::create_indexes;
use crate::{Projection, ProjectorError, Site};

/// Makes the next generation of a projection, beside the one that answers.
#[derive(Clone)]
pub struct Rebuild {
    pub projection: &'static dyn Projection,
    pub site: Site,
    /// Who rebuilds, as others are told; no two are the same.
    pub owner: String,
    /// Ranges of the store that are filled at the same time, where it is filled from there.
    pub at_once: usize,
    pub switching: Switching,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switching {
    /// Where the new generation equals the live one.
    IfEqual,
    /// Also where the two differ: what is rebuilt is right by the store.
    Always,
    Never,
}

/// How far a rebuild has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// At this generation, which was taken up where an earlier builder left it.
    Begun {
        number: u32,
        resumed: bool,
        done: u64,
    },
    /// So many more events are read.
    Filled {
        events: u64,
    },
    CatchingUp {
        behind: i64,
    },
    Comparing {
        documents: u64,
    },
}

/// What a rebuild has made.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    pub generation: Generation,
    /// Read from the store.
    pub events: u64,
    /// Orders whose events could not all be applied.
    pub held: u64,
    /// With the generation that was live; none where there was none.
    pub comparison: Option<Comparison>,
    pub switched: bool,
    /// Whether projectors keep it fresh.
    pub followed: bool,
}

impl Rebuild {
    /// An interrupted rebuild goes on from where it was when this is run again; while it is at
    /// work another one is refused.
    pub async fn run(
        &self,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Rebuilt, ProjectorError> {
        let generations = Generations::new(self.site.database.clone(), self.projection);
        let mut claim = generations.claim(&self.owner).await?;
        let filling = claim.record.filling.as_ref();
        progress(Progress::Begun {
            number: claim.generation().number,
            resumed: filling.is_some(),
            done: filling.map_or(0, |filling| filling.events as u64),
        });
        let lost = claim.lost();
        let rebuilt = tokio::select! {
            made = self.make(&generations, &mut claim, progress) => made?,
            () = lost.cancelled() => return Err(ProjectorError::TakenOver),
        };
        claim.release().await?;
        Ok(rebuilt)
    }

    async fn make(
        &self,
        generations: &Generations,
        claim: &mut Claim,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Rebuilt, ProjectorError> {
        let generation = claim.generation().clone();
        let pointer = self.site.database.pointer(self.projection.name()).await?;
        let live = pointer.as_ref().map(|pointer| pointer.live.clone());
        let live = live.filter(|live| live.number != generation.number);
        if claim.record.state == BuildState::Building {
            create_indexes(self.projection, &self.site.database, &generation).await?;
            let building = Building {
                claim,
                site: &self.site,
                live: live.as_ref(),
                at_once: self.at_once,
                progress: &progress,
            };
            self.projection.fill(building).await?;
            claim.filled().await?;
        }
        let own_worker = catch_up(self, &generation, live.as_ref(), &progress).await?;
        let comparison = match &live {
            Some(live) => Some(self.compare(live, &generation, &progress).await?),
            None => None,
        };
        let equal = comparison.as_ref().is_none_or(Comparison::is_equal);
        // Nothing is left to switch where that was done before an interruption.
        let live_already = pointer.is_some() && live.is_none();
        let switch = match self.switching {
            Switching::Never => false,
            Switching::IfEqual => equal,
            Switching::Always => true,
        };
        if switch && !live_already {
            generations.point(pointer.as_ref(), &generation).await?;
        }
        let followed = own_worker.is_none();
        if let Some(worker) = own_worker {
            worker.leave().await;
        }
        let filling = claim.record.filling.as_ref();
        Ok(Rebuilt {
            events: filling.map_or(0, |filling| filling.events as u64),
            held: filling.map_or(0, |filling| filling.held as u64),
            generation,
            comparison,
            switched: switch || live_already,
            followed,
        })
    }

    async fn compare(
        &self,
        live: &Generation,
        generation: &Generation,
        progress: &Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Comparison, ProjectorError> {
        let compare = Compare {
            projection: self.projection,
            database: &self.site.database,
            kafka: &self.site.kafka,
            topics: &self.site.topics,
            left: live,
            right: generation,
        };
        let say = |documents| progress(Progress::Comparing { documents });
        compare.run(say).await
    }
}
