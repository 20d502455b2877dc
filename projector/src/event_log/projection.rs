use bson::doc;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use mongodb::IndexModel;
use read_models::{Generation, LoggedRecord};

use super::{EventLog, EventLogWorker};
use crate::generations::from_topics;
use crate::source_reader::SourceReader;
use crate::{Building, Content, Projection, ProjectorError, Site, Source, Topics};

impl Projection for EventLog {
    fn name(&self) -> &'static str {
        LoggedRecord::PROJECTION
    }

    fn schema_version(&self) -> u32 {
        LoggedRecord::SCHEMA_VERSION
    }

    fn collections(&self, generation: &Generation) -> Vec<(String, Vec<IndexModel>)> {
        vec![(generation.collection.clone(), LoggedRecord::indexes())]
    }

    fn contents(&self) -> Vec<Content> {
        vec![Content::Records]
    }

    fn sources(&self, generation: &Generation, topics: &Topics) -> Vec<Source> {
        topics.all_of(generation)
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
        let freshness = site.freshness(self.name(), &generation)?;
        let sources = self.sources(&generation, &site.topics).into_iter();
        let readers = sources.map(|source| {
            let reader = SourceReader {
                site: site.clone(),
                generation: generation.clone(),
                made_of_it: Some(doc! { "topic": &source.topic.name }),
                source,
            };
            let (database, desk) = (site.database.clone(), site.dead_letters.clone());
            let check = reader.check();
            reader.run(check, move |consumer, generation| {
                EventLogWorker::new(consumer, database.clone(), desk.clone(), generation)
            })
        });
        let readers = join_all(readers.collect::<Vec<_>>());
        Ok(async move {
            tokio::join!(readers, freshness);
        }
        .boxed())
    }
}
