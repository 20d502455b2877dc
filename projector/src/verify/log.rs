use std::collections::{BTreeMap, HashMap};

use bson::{Document, doc};
use futures::TryStreamExt;
use messaging::IncomingRecord;
use mongodb::Collection;
use mongodb::options::ReadPreference;

use super::compare::fields;
use super::offsets::Offsets;
use super::{Class, Difference, Sample};
use crate::ProjectorError;
use crate::event_log::logged;
use crate::history::Digest;

/// Entries asked for at once.
const AT_ONCE: usize = 500;

/// The entries of `event_log`, beside the records as they are read from the topics.
pub(super) struct LogCheck {
    log: Collection<Document>,
    sample: Sample,
    /// Read, and not yet looked up.
    waiting: Vec<Entry>,
    /// Records without an entry, which may be on its way.
    pub missing: BTreeMap<String, Place>,
    /// An entry never changes: these are wrong.
    pub different: Vec<(String, Difference)>,
    /// What was read of each topic and partition.
    read: HashMap<(String, i32), Offsets>,
    pub records: u64,
}

struct Entry {
    place: Place,
    document: Document,
}

pub(super) struct Place {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    /// Of what the entry has to be.
    content: Digest,
}

impl LogCheck {
    pub fn new(log: Collection<Document>, sample: Sample) -> Self {
        Self {
            log,
            sample,
            waiting: Vec::new(),
            missing: BTreeMap::new(),
            different: Vec::new(),
            read: HashMap::new(),
            records: 0,
        }
    }

    pub async fn take(&mut self, record: &IncomingRecord) -> Result<(), ProjectorError> {
        let of = (record.topic.clone(), record.partition);
        self.read.entry(of).or_default().add(record.offset);
        let entry = logged(record);
        if !self.sample.takes(&entry.id) {
            return Ok(());
        }
        let document = bson::serialize_to_document(&entry)?;
        self.waiting.push(Entry {
            place: Place {
                topic: entry.topic,
                partition: entry.partition,
                offset: entry.offset,
                content: digest(&document)?,
            },
            document,
        });
        match self.waiting.len() {
            AT_ONCE => self.look_up().await,
            _ => Ok(()),
        }
    }

    /// Looks up what was read.
    pub async fn look_up(&mut self) -> Result<(), ProjectorError> {
        let waiting = std::mem::take(&mut self.waiting);
        let id = |entry: &Entry| entry.document.get_str("_id").unwrap_or_default().to_owned();
        let ids: Vec<String> = waiting.iter().map(id).collect();
        let mut found = self.found(&ids).await?;
        self.records += ids.len() as u64;
        for (id, entry) in ids.into_iter().zip(waiting) {
            let Some(found) = found.remove(&id) else {
                self.missing.insert(id, entry.place);
                continue;
            };
            let fields = fields(&entry.document, &found);
            if !fields.is_empty() {
                let difference = Difference::of(Class::Different, fields.join("; "));
                self.different.push((id, difference));
            }
        }
        Ok(())
    }

    /// Looks again for what was missing.
    pub async fn look_again(&mut self) -> Result<(), ProjectorError> {
        let ids: Vec<String> = self.missing.keys().cloned().collect();
        for ids in ids.chunks(AT_ONCE) {
            for (id, found) in self.found(ids).await? {
                if let Some(place) = self.missing.remove(&id)
                    && place.content != digest(&found)?
                {
                    let difference = Difference::of(Class::Different, "another content");
                    self.different.push((id, difference));
                }
            }
        }
        Ok(())
    }

    async fn found(&self, ids: &[String]) -> Result<HashMap<String, Document>, ProjectorError> {
        let found: Vec<Document> = self
            .log
            .find(doc! { "_id": { "$in": ids } })
            .selection_criteria(ReadPreference::Primary.into())
            .await?
            .try_collect()
            .await?;
        let by_id = found.into_iter().map(|entry| {
            let id = entry.get_str("_id").unwrap_or_default().to_owned();
            (id, entry)
        });
        Ok(by_id.collect())
    }

    /// Entries whose place on a topic has not been read.
    pub async fn beyond(&self) -> Result<Vec<Document>, ProjectorError> {
        let mut entries = self
            .log
            .find(doc! {})
            .projection(doc! { "topic": 1, "partition": 1, "offset": 1 })
            .selection_criteria(ReadPreference::Primary.into())
            .await?;
        let mut beyond = Vec::new();
        while let Some(entry) = entries.try_next().await? {
            if !self.has_read(&entry) {
                beyond.push(entry);
            }
        }
        Ok(beyond)
    }

    pub fn has_read(&self, entry: &Document) -> bool {
        let place = || {
            let topic = entry.get_str("topic").ok()?;
            let partition = entry.get_i32("partition").ok()?;
            let offset = entry.get_i64("offset").ok()?;
            // One with another id is one too many, wherever it says it was.
            let id = format!("{topic}/{partition}/{offset}");
            (entry.get_str("_id").ok()? == id).then_some(())?;
            let read = self.read.get(&(topic.to_owned(), partition))?;
            Some(read.has(offset))
        };
        place().unwrap_or(false)
    }
}

fn digest(entry: &Document) -> Result<Digest, ProjectorError> {
    Ok(Digest::of(&bson::serialize_to_vec(entry)?))
}
