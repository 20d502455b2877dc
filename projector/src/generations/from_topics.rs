use std::collections::BTreeMap;

use bson::Document;
use futures::FutureExt;
use futures::future::BoxFuture;
use read_models::Filling;

use super::Progress;
use super::building::Building;
use super::level::wait_until_level;
use super::own_worker::OwnWorker;
use crate::{Projection, ProjectorError};

/// Fills a generation with all that is on its topics, from their beginning up to where they end
/// now. What an earlier builder's group has committed is there.
pub(crate) fn from_topics<'a>(
    projection: &'static dyn Projection,
    building: Building<'a>,
) -> BoxFuture<'a, Result<(), ProjectorError>> {
    async move {
        let Building { claim, site, .. } = building;
        let generation = claim.generation().clone();
        let sources = projection.sources(&generation, &site.topics);
        for source in &sources {
            let (group, topic) = (&source.group, &source.topic);
            let begun = site.kafka.committed_offsets(group, &topic.name).await?;
            if begun.is_empty() {
                let (name, partitions) = (&topic.name, topic.partitions);
                site.kafka
                    .commit_start_offsets(group, name, partitions)
                    .await?;
            }
        }
        let worker = OwnWorker::start(projection, &generation, site)?;
        let say = |behind| (building.progress)(Progress::CatchingUp { behind });
        wait_until_level(&site.kafka, &sources, None, say).await?;
        worker.leave().await;
        let log = site.database.database();
        let log = log.collection::<Document>(&generation.collection);
        let events = log.estimated_document_count().await? as i64;
        let filling = Filling {
            ends: BTreeMap::new(),
            cuts: Vec::new(),
            done: Vec::new(),
            events,
            held: 0,
        };
        claim.begin(filling).await
    }
    .boxed()
}
