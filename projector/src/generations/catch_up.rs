use std::sync::Arc;
use std::time::Duration;

use read_models::Generation;
use tokio::time::Instant;

use super::level::wait_until_level;
use super::own_worker::OwnWorker;
use super::rebuild::{Progress, Rebuild};
use crate::ProjectorError;

/// Projectors notice within half a second that there is a generation to follow.
const NOTICED: Duration = Duration::from_secs(2);
/// Where projectors follow the live generation, they may be busy: so long they are waited for.
const JOINED: Duration = Duration::from_secs(30);
/// How long followers may take to go on where this builder's own worker left.
const HANDED_OVER: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(300);

/// Reads on from where the filling began until the generation is level with the topic, and hands
/// it over to whoever follows it. Where nobody does, the worker stays at work.
pub(super) async fn catch_up(
    rebuild: &Rebuild,
    generation: &Generation,
    live: Option<&Generation>,
    progress: &Arc<dyn Fn(Progress) + Send + Sync>,
) -> Result<Option<OwnWorker>, ProjectorError> {
    let Rebuild {
        projection, site, ..
    } = rebuild;
    let (kafka, topic) = (&site.kafka, &site.topics.orders.name);
    let sources = projection.sources(generation, &site.topics);
    let group = &generation.group;
    let say = |left| progress(Progress::CatchingUp { behind: left });
    let started = Instant::now();
    let worker = OwnWorker::start(*projection, generation, site)?;
    wait_until_level(kafka, &sources, None, say).await?;
    let projectors_live = match live {
        Some(live) => !kafka.group_members(&live.group, topic).await?.is_empty(),
        None => false,
    };
    let patience = if projectors_live { JOINED } else { NOTICED };
    let followed = loop {
        // Our own is one of them.
        if kafka.group_members(group, topic).await?.len() >= 2 {
            break true;
        }
        if started.elapsed() > patience {
            break false;
        }
        tokio::time::sleep(LOOK).await;
    };
    if !followed {
        wait_until_level(kafka, &sources, None, say).await?;
        return Ok(Some(worker));
    }
    worker.leave().await;
    if wait_until_level(kafka, &sources, Some(HANDED_OVER), say).await? {
        return Ok(None);
    }
    // Those were members that had been killed.
    let worker = OwnWorker::start(*projection, generation, site)?;
    wait_until_level(kafka, &sources, None, say).await?;
    Ok(Some(worker))
}
