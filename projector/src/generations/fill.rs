use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use bson::doc;
use event_store::IdRange;
use futures::FutureExt;
use futures::future::BoxFuture;
use read_models::Filling;
use tokio::task::JoinSet;

use super::Progress;
use super::building::Building;
use super::claim::Claim;
use super::filler::{Filled, Filler};
use crate::totals::recompute_all;
use crate::{OrderProjection, ProjectorError, Site};

/// The most ranges the store is cut into. One that was not written whole is read again by whoever
/// takes up a filling that was cut off.
const RANGES: u32 = 64;

/// Fills a generation from the event store: every order folded.
pub(crate) fn from_store<P: OrderProjection>(
    building: Building<'_>,
) -> BoxFuture<'_, Result<(), ProjectorError>> {
    let filler = Filler::<P> {
        database: building.site.database.clone(),
        store: building.site.store.clone(),
        dead_letters: building.site.dead_letters.clone(),
        generation: building.claim.generation().clone(),
        live: building
            .live
            .filter(|live| live.schema_version == P::SCHEMA_VERSION)
            .cloned(),
        topic: building.site.topics.orders.name.as_str().into(),
        projection: PhantomData,
    };
    async move {
        begin(&mut *building.claim, &filler, building.site).await?;
        let progress = building.progress.clone();
        let read = Arc::new(move |events| progress(Progress::Filled { events }));
        fill(building.claim, &filler, building.at_once, read).await
    }
    .boxed()
}

/// Notes where the topic ends, and only then looks at the store: whatever the store has later is
/// behind these ends.
async fn begin<P: OrderProjection>(
    claim: &mut Claim,
    filler: &Filler<P>,
    site: &Site,
) -> Result<(), ProjectorError> {
    if claim.record.filling.is_none() {
        let ends = site.kafka.ends(&filler.topic).await?;
        let ends = ends.into_iter().map(|(p, end)| (p.to_string(), end));
        let filling = Filling {
            ends: ends.collect(),
            cuts: filler.store.cuts(RANGES).await?,
            done: Vec::new(),
            events: 0,
            held: 0,
        };
        claim.begin(filling).await?;
    }
    let filling = claim.record.filling.as_ref();
    let ends = filling.into_iter().flat_map(|filling| &filling.ends);
    let ends: HashMap<i32, i64> = ends
        .filter_map(|(partition, end)| Some((partition.parse().ok()?, *end)))
        .collect();
    let group = &claim.generation().group;
    Ok(site
        .kafka
        .commit_offsets(group, &filler.topic, &ends)
        .await?)
}

/// Fills all ranges that are not done, several at a time.
async fn fill<P: OrderProjection>(
    claim: &mut Claim,
    filler: &Filler<P>,
    at_once: usize,
    read: Arc<dyn Fn(u64) + Send + Sync>,
) -> Result<(), ProjectorError> {
    let Some(filling) = claim.record.filling.clone() else {
        return Ok(());
    };
    let ranges = IdRange::between(&filling.cuts);
    let left = (0_u32..).zip(ranges);
    let mut left = left.filter(|(index, _)| !filling.done.contains(index));
    // Ends with this function, whatever ends it.
    let mut at_work: JoinSet<(u32, Result<Filled, ProjectorError>)> = JoinSet::new();
    loop {
        while at_work.len() < at_once
            && let Some((index, range)) = left.next()
        {
            let (filler, read) = (filler.clone(), read.clone());
            at_work.spawn(async move { (index, filler.range(&range, |n| read(n)).await) });
        }
        let Some(ended) = at_work.join_next().await else {
            break;
        };
        let (index, filled) = ended.map_err(|panic| ProjectorError::Filling(panic.to_string()))?;
        let Filled { events, held } = filled?;
        let done = doc! {
            "$push": { "filling.done": i64::from(index) },
            "$inc": { "filling.events": events as i64, "filling.held": held as i64 },
        };
        claim.update(done).await?;
        if let Some(filling) = &mut claim.record.filling {
            filling.done.push(index);
            filling.events += events as i64;
            filling.held += held as i64;
        }
    }
    recompute_all::<P>(&filler.database, &filler.generation).await
}
