use std::collections::HashMap;
use std::time::Duration;

use read_models::{BuildState, Generation};
use runtime::health::Check;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Generations;
use crate::collections::create_indexes;
use crate::{Projection, ProjectorError, Site, live_generation};

/// How long a generation that comes, or goes, may go unnoticed.
const LOOK: Duration = Duration::from_millis(500);

/// Keeps all generations of a projection fresh that this code knows the schema version of: the one
/// that answers, those before it as long as they are there to go back to, and the next one once it
/// is filled. Others are left alone.
pub struct Follower {
    projection: &'static dyn Projection,
    site: Site,
}

/// A generation that is followed.
struct Followed {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Followed {
    /// Its task ends when it is told to, and else only by a panic: nobody would read on, with the
    /// check as it was.
    fn is_at_work(&mut self, generation: &Generation) -> bool {
        let Some(ended) = self.tasks.try_join_next() else {
            return true;
        };
        let why = ended.err().map(|panic| panic.to_string());
        tracing::error!(
            collection = generation.collection,
            why,
            "what keeps it fresh has ended, and is started again"
        );
        false
    }

    /// Ends what is under way, commits, and leaves the group.
    async fn leave(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Follower {
    pub fn new(projection: &'static dyn Projection, site: Site) -> Self {
        Self { projection, site }
    }

    /// Follows until the site's stop. `check` says whether it is known what is to be followed, and
    /// that there is something.
    pub async fn run(self, check: Check) {
        let stop = self.site.stop.clone();
        let mut followed: HashMap<Generation, Followed> = HashMap::new();
        while !stop.is_cancelled() {
            match self.look(&mut followed).await {
                Ok(()) if followed.is_empty() => {}
                Ok(()) => check.up(),
                Err(error) => check.away(error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        leave(followed.into_values()).await;
    }

    /// Follows what there is to follow. As long as that is not known, what is followed stays so.
    async fn look(
        &self,
        followed: &mut HashMap<Generation, Followed>,
    ) -> Result<(), ProjectorError> {
        let known = self.projection.schema_version();
        let projection = self.projection.name();
        let site = &self.site;
        let generations = Generations::new(site.database.clone(), self.projection);
        let (pointer, records) = generations.read().await?;
        let Some(pointer) = pointer else {
            // Nothing was ever made, or everything is gone. A group with members could not begin
            // again.
            self.follow(&[], followed).await?;
            live_generation(self.projection, &site.database, &site.kafka, &site.topics).await?;
            return Ok(());
        };
        let filled = records
            .into_iter()
            .filter(|r| r.state == BuildState::Filled);
        let wanted: Vec<Generation> = filled
            .map(|record| record.generation)
            .filter(|generation| generation.schema_version == known)
            .collect();
        self.follow(&wanted, followed).await?;
        if wanted.is_empty() {
            return Err(ProjectorError::OtherSchema {
                projection,
                number: pointer.live.number,
                found: pointer.live.schema_version,
                known,
            });
        }
        Ok(())
    }

    async fn follow(
        &self,
        wanted: &[Generation],
        followed: &mut HashMap<Generation, Followed>,
    ) -> Result<(), ProjectorError> {
        let gone: Vec<Generation> = followed
            .keys()
            .filter(|generation| !wanted.contains(generation))
            .cloned()
            .collect();
        for generation in gone {
            tracing::info!(collection = generation.collection, "followed no more");
            leave(followed.remove(&generation)).await;
        }
        followed.retain(|generation, followed| followed.is_at_work(generation));
        for generation in wanted {
            if !followed.contains_key(generation) {
                // Indexes this release added.
                create_indexes(self.projection, &self.site.database, generation).await?;
                followed.insert(generation.clone(), self.start(generation)?);
                tracing::info!(collection = generation.collection, "followed");
            }
        }
        Ok(())
    }

    fn start(&self, generation: &Generation) -> Result<Followed, ProjectorError> {
        let stop = CancellationToken::new();
        let site = Site {
            stop: stop.clone(),
            ..self.site.clone()
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(self.projection.keep_fresh(generation.clone(), site)?);
        Ok(Followed { stop, tasks })
    }
}

async fn leave(followed: impl IntoIterator<Item = Followed>) {
    futures::future::join_all(followed.into_iter().map(Followed::leave)).await;
}
