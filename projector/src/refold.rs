use std::marker::PhantomData;

use domain::order::Order;
use event_store::EventStore;
use event_store::replay::{ReplayLog, ReplayPosition, ReplayTally, Replays, Selection};
use futures::{StreamExt, TryStreamExt, stream};
use read_models::ReadDatabase;

use crate::heal::{Healed, Healer};
use crate::{OrderProjection, OrderView, ProjectorError};

/// Orders folded at the same time.
const AT_ONCE: usize = 8;

/// Replays the store into the generation that answers queries: the orders that have a selected
/// event are folded again, each as a whole, and written guarded as workers write them. To do so
/// twice, or beside workers, changes nothing.
pub struct Refold<P: OrderProjection = OrderView> {
    healer: Healer<P>,
    log: ReplayLog,
    replays: Replays,
    selection: Selection,
    position: ReplayPosition,
    /// The order that was folded last: its events may go on.
    last: String,
}

impl<P: OrderProjection> Refold<P> {
    /// Goes on with what was interrupted, or begins. `published` of the tally counts orders.
    pub async fn begin(
        database: ReadDatabase,
        store: EventStore<Order>,
        replays: Replays,
        selection: Selection,
    ) -> Result<Self, ProjectorError> {
        let generation = database.live(P::NAME).await?;
        let projection = P::NAME;
        let generation = generation.ok_or(ProjectorError::NoLive { projection })?;
        if generation.schema_version != P::SCHEMA_VERSION {
            return Err(ProjectorError::OtherSchema {
                projection,
                number: generation.number,
                found: generation.schema_version,
                known: P::SCHEMA_VERSION,
            });
        }
        Ok(Self {
            log: ReplayLog::of(&store),
            position: replays.begin(&selection, &Self::target()).await?,
            healer: Healer {
                database,
                generation,
                store,
                projection: PhantomData,
            },
            replays,
            selection,
            last: String::new(),
        })
    }

    /// What a replay into the projection is noted under, where others have a topic.
    pub fn target() -> String {
        format!("projection:{}", P::NAME)
    }

    pub fn tally(&self) -> ReplayTally {
        self.position.tally
    }

    /// How many rows are left to be looked at, where they can be counted.
    pub async fn left(&self) -> Result<Option<u64>, ProjectorError> {
        let (id, version) = &self.position.after;
        Ok(self.log.count(&self.selection, (id, *version)).await?)
    }

    /// Folds the orders of the next rows of the log; false when there are none.
    pub async fn step(&mut self) -> Result<bool, ProjectorError> {
        let (id, version) = &self.position.after;
        let target = Self::target();
        let page = self.log.page(&self.selection, &target, (id, *version));
        let Some(page) = page.await? else {
            self.replays.end(&self.position).await?;
            return Ok(false);
        };
        if self.healer.database.live(P::NAME).await?.as_ref() != Some(&self.healer.generation) {
            return Err(ProjectorError::Switched);
        }
        let ids = page.items.into_iter().map(|item| item.aggregate_id);
        let orders = orders(ids, &mut self.last);
        let healer = &self.healer;
        let folds = orders.into_iter().map(|id| async move {
            let healed = healer.heal(&id, None).await?;
            Ok::<_, ProjectorError>((id, healed))
        });
        let healed: Vec<(String, Healed)> = stream::iter(folds)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut next = self.position.clone();
        for (order_id, healed) in healed {
            match healed {
                Healed::Clean => next.tally.published += 1,
                Healed::Held(error) => {
                    tracing::warn!(order_id, %error, "an order cannot be folded");
                    next.tally.faulty += 1;
                }
                Healed::NoStream => {}
            }
        }
        next.after = page.end;
        next.tally.read += page.read;
        if !self.replays.advance(&next).await? {
            return Err(ProjectorError::Overtaken);
        }
        self.position = next;
        Ok(true)
    }

    /// How many orders it would fold, with nothing written.
    pub async fn rehearse(
        log: &ReplayLog,
        selection: &Selection,
        progress: impl Fn(&ReplayTally),
    ) -> Result<ReplayTally, ProjectorError> {
        let (mut tally, mut after) = (ReplayTally::default(), (String::new(), 0));
        let mut last = String::new();
        let target = Self::target();
        while let Some(page) = log.page(selection, &target, (&after.0, after.1)).await? {
            let ids = page.items.into_iter().map(|item| item.aggregate_id);
            tally.published += orders(ids, &mut last).len() as u64;
            tally.read += page.read;
            after = page.end;
            progress(&tally);
        }
        Ok(tally)
    }
}

/// Each order once: the log has its events one behind the other.
fn orders(ids: impl Iterator<Item = String>, last: &mut String) -> Vec<String> {
    let mut orders = Vec::new();
    for id in ids {
        if *last != id {
            last.clone_from(&id);
            orders.push(id);
        }
    }
    orders
}
