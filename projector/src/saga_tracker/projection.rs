use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use mongodb::IndexModel;
use read_models::{Generation, SagaDocument, SagaEntry};

use super::read::{of_orders, of_others};
use super::worker::Turns;
use super::{SagaTracker, SagaTrackerWorker, Teller};
use crate::generations::from_topics;
use crate::source_reader::SourceReader;
use crate::{Building, Content, Projection, ProjectorError, Site, Source, Topics};

impl Projection for SagaTracker {
    fn name(&self) -> &'static str {
        SagaEntry::PROJECTION
    }

    fn schema_version(&self) -> u32 {
        SagaEntry::SCHEMA_VERSION
    }

    fn collections(&self, generation: &Generation) -> Vec<(String, Vec<IndexModel>)> {
        vec![(generation.collection.clone(), SagaDocument::indexes())]
    }

    fn contents(&self) -> Vec<Content> {
        vec![Content::Sagas]
    }

    fn sources(&self, generation: &Generation, topics: &Topics) -> Vec<Source> {
        topics.participants_of(generation)
    }

    fn fill<'a>(
        &'static self,
        building: Building<'a>,
    ) -> BoxFuture<'a, Result<(), ProjectorError>> {
        from_topics(self, building)
    }

    fn keep_fresh(
        &self,
        generation: Generation,
        site: Site,
    ) -> Result<BoxFuture<'static, ()>, ProjectorError> {
        let sources = self.sources(&generation, &site.topics);
        let freshness = site.freshness_over(self.name(), &generation, &sources)?;
        let turns = Turns::default();
        let readers = sources.into_iter().map(|source| {
            let read = match source.topic == site.topics.orders {
                true => of_orders,
                false => of_others,
            };
            let reader = SourceReader {
                site: site.clone(),
                generation: generation.clone(),
                source,
                // What is read once more changes nothing.
                made_of_it: None,
            };
            let site = site.clone();
            let (check, turns) = (reader.check(), turns.clone());
            reader.run(check, move |consumer, generation| {
                let told_on = site.topics.sagas.as_ref();
                let teller = told_on.map(|topic| Teller::new(&site.kafka, &topic.name));
                let (database, desk) = (site.database.clone(), site.dead_letters.clone());
                let turns = turns.clone();
                SagaTrackerWorker::reading(
                    read, consumer, database, desk, generation, teller, turns,
                )
            })
        });
        let readers = join_all(readers.collect::<Vec<_>>());
        Ok(async move {
            tokio::join!(readers, freshness);
        }
        .boxed())
    }
}
