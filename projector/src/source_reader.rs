use std::time::Duration;

use bson::Document;
use messaging::BatchConsumer;
use read_models::Generation;
use runtime::Backoff;
use runtime::health::Check;

use crate::intake::{self, Steps};
use crate::{ProjectorError, Site, Source, check_name};

/// What is read this way is looked at by people, and may come a little later.
const GATHER: Duration = Duration::from_millis(400);

/// Reads one of several topics into a generation, each as a member of a group of its own.
pub(crate) struct SourceReader {
    pub site: Site,
    pub generation: Generation,
    pub source: Source,
    /// What finds a document that was made of this topic, where it must not be read anew: its
    /// offsets are lost then, which is for the worker to say.
    pub made_of_it: Option<Document>,
}

impl SourceReader {
    pub fn check(&self) -> Check {
        let mut name = check_name(&self.generation.collection);
        if self.source.group != self.generation.group {
            name = format!("{name}, {}", self.source.topic.name);
        }
        self.site.health.check(name)
    }

    /// Until the stop; what is away is waited for.
    pub async fn run<W: Steps>(
        self,
        check: Check,
        worker: impl Fn(BatchConsumer, Generation) -> W + Send,
    ) {
        let mut again = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let stop = &self.site.stop;
        while !stop.is_cancelled() {
            match self.consumer().await {
                Ok(consumer) => {
                    // The topic has a group of its own.
                    let generation = Generation {
                        group: self.source.group.clone(),
                        ..self.generation.clone()
                    };
                    let worker = worker(consumer, generation);
                    intake::run(worker, check.clone(), stop.clone()).await;
                    break;
                }
                Err(error) => check.away(error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(again.wait()) => {}
            }
        }
        check.retire();
    }

    async fn consumer(&self) -> Result<BatchConsumer, ProjectorError> {
        self.begin().await?;
        let (group, topic) = (&self.source.group, &self.source.topic.name);
        let instance = self.site.instance.as_deref();
        let kafka = self.site.kafka.clone().with_gather(GATHER);
        Ok(kafka.batch_consumer(group, topic, instance)?)
    }

    /// A topic that was added after the generation was made has no offsets yet.
    async fn begin(&self) -> Result<(), ProjectorError> {
        let Source { topic, group } = &self.source;
        let kafka = &self.site.kafka;
        let committed = kafka.committed_offsets(group, &topic.name);
        if !committed.await?.is_empty() {
            return Ok(());
        }
        if let Some(made_of_it) = &self.made_of_it {
            let database = self.site.database.database();
            let documents = database.collection::<Document>(&self.generation.collection);
            if documents.find_one(made_of_it.clone()).await?.is_some() {
                return Ok(());
            }
        }
        let (name, partitions) = (&topic.name, topic.partitions);
        Ok(kafka.commit_start_offsets(group, name, partitions).await?)
    }
}
