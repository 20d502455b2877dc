use std::sync::Arc;

use domain::order::Order;
use event_store::dead_letters::DeadLetters;
use event_store::{EventStore, Outbox};
use futures::FutureExt;
use futures::future::BoxFuture;
use messaging::Kafka;
use mongodb::IndexModel;
use read_models::{Generation, ReadDatabase};
use runtime::Clock;
use runtime::health::Health;
use tokio_util::sync::CancellationToken;

use crate::event_log::EventLog;
use crate::generations::from_store;
use crate::{
    Building, Content, Freshness, OrderProjection, OrderView, ProjectorError, Requeued,
    SagaTracker, Source, Topic, Topics, Worker, collections,
};

/// Every projection there is. Adding one takes a file and a line here.
pub const PROJECTIONS: &[&dyn Projection] = &[&OrderView, &EventLog, &SagaTracker];

/// What all projections have in common, whatever they make of the records.
pub trait Projection: Send + Sync {
    fn name(&self) -> &'static str;

    fn schema_version(&self) -> u32;

    /// The collections of a generation, with their indexes.
    fn collections(&self, generation: &Generation) -> Vec<(String, Vec<IndexModel>)>;

    /// What two generations are compared by.
    fn contents(&self) -> Vec<Content>;

    /// The topics that a generation reads.
    fn sources(&self, generation: &Generation, topics: &Topics) -> Vec<Source> {
        vec![topics.orders_of(generation)]
    }

    /// Fills a generation that nobody follows yet.
    fn fill<'a>(&'static self, building: Building<'a>)
    -> BoxFuture<'a, Result<(), ProjectorError>>;

    /// Keeps a generation fresh until the stop.
    fn keep_fresh(
        &self,
        generation: Generation,
        site: Site,
    ) -> Result<BoxFuture<'static, ()>, ProjectorError>;
}

/// What a process has for the projections it keeps fresh.
#[derive(Clone)]
pub struct Site {
    pub kafka: Kafka,
    pub topics: Topics,
    /// This process's name in a consumer group, where it has one that stays.
    pub instance: Option<String>,
    pub database: ReadDatabase,
    pub store: EventStore<Order>,
    pub dead_letters: DeadLetters,
    pub outbox: Outbox,
    pub clock: Arc<dyn Clock>,
    pub health: Health,
    pub stop: CancellationToken,
}

/// The name of the check of what keeps a projection fresh, or one of its generations.
pub fn check_name(what: &str) -> String {
    format!("projector, {what}")
}

impl Site {
    /// What says how fresh the generation is, until the stop.
    pub(crate) fn freshness(
        &self,
        projection: &'static str,
        generation: &Generation,
    ) -> Result<impl Future<Output = ()> + Send + use<>, ProjectorError> {
        let orders = self.topics.orders_of(generation);
        self.freshness_over(projection, generation, &[orders])
    }

    /// The same over several topics, the orders' first.
    pub(crate) fn freshness_over(
        &self,
        projection: &'static str,
        generation: &Generation,
        sources: &[Source],
    ) -> Result<impl Future<Output = ()> + Send + use<>, ProjectorError> {
        let progress = sources.iter().map(|source| {
            let Topic { name, partitions } = &source.topic;
            let progress = self
                .kafka
                .group_progress(&source.group, name, *partitions)?;
            Ok::<_, ProjectorError>((source.group.clone(), progress))
        });
        let progress = progress.collect::<Result<Vec<_>, _>>()?;
        let outbox = self.outbox.clone();
        let database = self.database.clone();
        let freshness = Freshness::over(outbox, progress, database, projection, generation.clone());
        let check = format!("{}, freshness", check_name(&generation.collection));
        let check = self.health.check(check);
        let running = freshness.run(self.clock.clone(), check.clone(), self.stop.clone());
        Ok(async move {
            running.await;
            check.retire();
        })
    }
}

impl<P: OrderProjection> Projection for P {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn schema_version(&self) -> u32 {
        P::SCHEMA_VERSION
    }

    fn collections(&self, generation: &Generation) -> Vec<(String, Vec<IndexModel>)> {
        collections::<P>(generation)
    }

    fn contents(&self) -> Vec<Content> {
        let totals = P::totals().iter().copied().map(Content::Total);
        std::iter::once(Content::Orders(P::NAME))
            .chain(totals)
            .collect()
    }

    fn fill<'a>(
        &'static self,
        building: Building<'a>,
    ) -> BoxFuture<'a, Result<(), ProjectorError>> {
        from_store::<P>(building)
    }

    fn keep_fresh(
        &self,
        generation: Generation,
        site: Site,
    ) -> Result<BoxFuture<'static, ()>, ProjectorError> {
        let instance = site.instance.as_deref();
        let consumer =
            site.kafka
                .batch_consumer(&generation.group, &site.topics.orders.name, instance)?;
        let freshness = site.freshness(P::NAME, &generation)?;
        let name = check_name(&generation.collection);
        let requeued = Requeued::<P>::new(
            site.database.clone(),
            site.store.clone(),
            site.dead_letters.clone(),
            generation.clone(),
        );
        let worker = Worker::<P>::new(
            consumer,
            site.database,
            site.store,
            site.dead_letters,
            generation,
            site.clock,
        );
        let desk = site.health.check(format!("{name}, requeued records"));
        let check = site.health.check(name);
        let stop = site.stop;
        Ok(async move {
            tokio::join!(
                worker.run(check.clone(), stop.clone()),
                requeued.run(desk.clone(), stop),
                freshness
            );
            check.retire();
            desk.retire();
        }
        .boxed())
    }
}
