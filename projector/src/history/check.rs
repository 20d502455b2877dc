use std::collections::HashMap;

use bson::{Document, doc};
use cqrs_es::Aggregate;
use domain::order::Order;
use event_store::dead_letters::{DeadLetters, Place, Source, dead_letter_id};
use event_store::{Database, EventStore, UnpublishedPages};
use futures::TryStreamExt;
use messaging::{IncomingRecord, Kafka};
use mongodb::options::ReadPreference;
use read_models::{Generation, OrderDocument, ReadDatabase};

use super::stored::place;
use super::topic::Recognised;
use super::{Entry, History, Report};
use crate::ProjectorError;

/// Rows of a page.
const PAGE: u32 = 1000;
/// Of one stream. Most are shorter.
const STREAM_PAGE: u32 = 16;

/// Compares store, topic and documents while the system may be at work.
///
/// The order of reading keeps what happens meanwhile from looking like a fault. An event of the
/// log that is afterwards not in the outbox was published, and is before the ends that the topic
/// has then. What the topic or the documents have beyond the log is looked up in the store again,
/// which had it first. And what the consumer group had committed before the documents were read
/// is in them.
pub struct HistoryCheck {
    pub store: EventStore<Order>,
    /// The store's.
    pub database: Database,
    pub kafka: Kafka,
    pub topic: String,
    pub read_database: ReadDatabase,
}

impl HistoryCheck {
    /// `settled`: nobody is at work, and nothing may be on its way.
    pub async fn run(&self, settled: bool) -> Result<Report, ProjectorError> {
        let mut history = History::default();
        self.read_store(&mut history).await?;
        self.read_outbox(&mut history).await?;
        let mut reader = self.kafka.read_topic(&self.topic, true).await?;
        let generation = self.generation().await?;
        history.committed(self.committed(generation.as_ref()).await?);
        while let Some(record) = reader.next_of_rest().await? {
            self.take(&mut history, &record).await?;
        }
        if let Some(generation) = &generation {
            self.read_documents(&mut history, generation).await?;
            // The documents of a generation that no longer answers may be deleted at any time.
            if self.generation().await?.as_ref() != Some(generation) {
                return Err(ProjectorError::Switched);
            }
        }
        Ok(history.finish(generation.map(|g| g.collection), settled))
    }

    async fn read_store(&self, history: &mut History) -> Result<(), ProjectorError> {
        let mut last: Option<(String, u64)> = None;
        loop {
            let after = last.as_ref().map(|(id, version)| (id.as_str(), *version));
            let page = self.store.page(after, PAGE).await?;
            let Some(end) = page.last() else {
                history.end_of_store();
                return Ok(());
            };
            let (id, version) = place(end);
            last = Some((id.to_owned(), version));
            for entry in page {
                history.stored(entry);
            }
        }
    }

    async fn read_outbox(&self, history: &mut History) -> Result<(), ProjectorError> {
        let mut pages = UnpublishedPages::new(self.database.clone(), Order::TYPE);
        while let Some(page) = pages.next(PAGE).await? {
            for row in &page {
                history.unpublished(row);
            }
        }
        Ok(())
    }

    async fn take(
        &self,
        history: &mut History,
        record: &IncomingRecord,
    ) -> Result<(), ProjectorError> {
        let mut recognised = history.recognise(record);
        if let Recognised::Unknown(occurrence) = &recognised {
            for entry in self.stream(&occurrence.order_id).await? {
                history.appended(entry);
            }
            recognised = history.recognise(record);
        }
        let refused = match recognised {
            Recognised::Stored(_) => false,
            _ => self.is_refused(record).await?,
        };
        history.record(record, recognised, refused);
        Ok(())
    }

    async fn is_refused(&self, record: &IncomingRecord) -> Result<bool, ProjectorError> {
        let place = Place::Topic {
            partition: record.partition,
            offset: record.offset,
        };
        let id = dead_letter_id(Source::Projector, &self.topic, place);
        let letters = DeadLetters::new(self.database.clone());
        Ok(letters.known(&[id]).await?.contains(&id))
    }

    /// The generation that answers queries.
    async fn generation(&self) -> Result<Option<Generation>, ProjectorError> {
        let projection = OrderDocument::PROJECTION;
        let known = OrderDocument::SCHEMA_VERSION;
        let live = self.read_database.live(projection).await?;
        match live {
            Some(live) if live.schema_version != known => Err(ProjectorError::OtherSchema {
                projection,
                number: live.number,
                found: live.schema_version,
                known,
            }),
            live => Ok(live),
        }
    }

    async fn committed(
        &self,
        generation: Option<&Generation>,
    ) -> Result<HashMap<i32, i64>, ProjectorError> {
        let Some(generation) = generation else {
            return Ok(HashMap::new());
        };
        let committed = self.kafka.committed_offsets(&generation.group, &self.topic);
        Ok(committed.await?)
    }

    /// As they are, not as today's type reads them: a field too many is a difference.
    async fn read_documents(
        &self,
        history: &mut History,
        generation: &Generation,
    ) -> Result<(), ProjectorError> {
        let orders = self.read_database.orders(generation);
        let mut documents = orders
            .clone_with_type::<Document>()
            .find(doc! {})
            .selection_criteria(ReadPreference::Primary.into())
            .await?;
        while let Some(document) = documents.try_next().await? {
            if let Some(unsettled) = history.document(document) {
                let stream = self.stream(&unsettled.order_id).await?;
                history.settle(unsettled, stream);
            }
        }
        Ok(())
    }

    /// One order's events as the store has them now, those that cannot be read included.
    async fn stream(&self, id: &str) -> Result<Vec<Entry>, ProjectorError> {
        let mut stream: Vec<Entry> = Vec::new();
        // Postgres's text has no NUL, and refuses to be asked for one.
        if id.contains('\0') {
            return Ok(stream);
        }
        loop {
            let after = stream.last().map_or(0, |last| place(last).1);
            let page = self.store.page(Some((id, after)), STREAM_PAGE).await?;
            let wanted = stream.len() + STREAM_PAGE as usize;
            stream.extend(page.into_iter().take_while(|entry| place(entry).0 == id));
            if stream.len() < wanted {
                return Ok(stream);
            }
        }
    }
}
