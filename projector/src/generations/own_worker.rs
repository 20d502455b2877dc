use read_models::Generation;
use runtime::health::Health;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Projection, ProjectorError, Site};

/// A member of the builder's own, on the generation that it builds.
pub(super) struct OwnWorker {
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl OwnWorker {
    pub fn start(
        projection: &'static dyn Projection,
        generation: &Generation,
        site: &Site,
    ) -> Result<Self, ProjectorError> {
        let (stop, mut task) = (CancellationToken::new(), JoinSet::new());
        let own = Site {
            instance: None,
            // What is away is logged by the check, and waited for.
            health: Health::default(),
            stop: stop.clone(),
            ..site.clone()
        };
        task.spawn(projection.keep_fresh(generation.clone(), own)?);
        Ok(Self { stop, task })
    }

    /// Commits, and leaves the group.
    pub async fn leave(mut self) {
        self.stop.cancel();
        while self.task.join_next().await.is_some() {}
    }
}
