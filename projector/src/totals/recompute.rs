use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bson::{Document, RawBson, RawDocument, RawDocumentBuf, doc, rawdoc};
use futures::TryStreamExt;
use mongodb::Cursor;
use mongodb::options::ReadPreference;
use read_models::{Generation, ReadDatabase};
use runtime::Backoff;

use super::last_written::Next;
use super::{Dirty, LastWritten, Tally, Total};
use crate::guarded::{self, Over, Write};
use crate::{OrderProjection, ProjectorError};

/// Totals computed by one question.
const AT_ONCE: usize = 500;

/// Computes marked totals anew, from their orders.
///
/// The revision is read first, then the orders, and the write asks for that revision. So whoever
/// writes a total has seen every order that was written before anybody's last write of it: of two
/// who share a total, the later one has the other's orders.
pub(crate) async fn recompute<P: OrderProjection>(
    database: &ReadDatabase,
    generation: &Generation,
    dirty: &Dirty,
) -> Result<(), ProjectorError> {
    let nothing = LastWritten::default();
    recompute_changed::<P>(database, generation, dirty, nothing).await?;
    Ok(())
}

/// The same for who remembers what it wrote last: where it alone has written since, what it wrote
/// is enough, and no order is read. Returns what to remember; after an error that is nothing.
pub(crate) async fn recompute_changed<P: OrderProjection>(
    database: &ReadDatabase,
    generation: &Generation,
    dirty: &Dirty,
    last: LastWritten,
) -> Result<LastWritten, ProjectorError> {
    let mut site = Site {
        database,
        generation,
        last,
    };
    for (place, total) in P::totals().iter().enumerate() {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (key, change) in dirty.of(place) {
            match site.last.after(place, key, change) {
                Some(next) => known.push((key.clone(), next)),
                None => unknown.push(key.clone()),
            }
        }
        unknown.extend(site.follow(place, *total, known).await?);
        for keys in unknown.chunks(AT_ONCE) {
            site.count(place, *total, keys.to_vec()).await?;
        }
    }
    Ok(site.last)
}

/// Computes what an order's document counts in, whether as it was or as it is.
pub(crate) async fn recompute_one_order<P: OrderProjection>(
    database: &ReadDatabase,
    generation: &Generation,
    documents: &[Option<&RawDocument>],
) -> Result<(), ProjectorError> {
    let mut dirty = Dirty::default();
    for document in documents.iter().flatten() {
        dirty.mark(P::totals(), document);
    }
    recompute::<P>(database, generation, &dirty).await
}

/// Computes all totals of a generation, whatever they were: after it was filled past its worker,
/// which may be at work meanwhile.
pub async fn recompute_all<P: OrderProjection>(
    database: &ReadDatabase,
    generation: &Generation,
) -> Result<(), ProjectorError> {
    let mut dirty = Dirty::default();
    let mut fields = Document::new();
    for (place, total) in P::totals().iter().enumerate() {
        fields.extend(
            total
                .key_fields()
                .iter()
                .map(|&field| (field.to_owned(), 1.into())),
        );
        // One in which no order counts any more is known by its id only.
        let ids = Document::from_iter([("_id".to_owned(), 1.into())]);
        let mut known = stream(database, &total.collection(generation), ids).await?;
        while let Some(document) = known.try_next().await? {
            if let Ok(key) = document.get_str("_id") {
                dirty.mark_key(place, key);
            }
        }
    }
    let mut orders = stream(database, &generation.collection, fields).await?;
    while let Some(order) = orders.try_next().await? {
        dirty.mark(P::totals(), &order);
    }
    recompute::<P>(database, generation, &dirty).await
}

async fn stream(
    database: &ReadDatabase,
    collection: &str,
    fields: Document,
) -> Result<Cursor<RawDocumentBuf>, ProjectorError> {
    Ok(database
        .database()
        .collection::<RawDocumentBuf>(collection)
        .find(doc! {})
        .projection(fields)
        .selection_criteria(ReadPreference::Primary.into())
        .await?)
}

/// Where totals are written, by one who remembers.
struct Site<'a> {
    database: &'a ReadDatabase,
    generation: &'a Generation,
    last: LastWritten,
}

impl Site<'_> {
    /// Writes totals that are known. Returns the ids of those that somebody else has written.
    async fn follow(
        &mut self,
        place: usize,
        total: &dyn Total,
        known: Vec<(String, Next)>,
    ) -> Result<Vec<String>, ProjectorError> {
        let mut writes = Vec::with_capacity(known.len());
        for (key, next) in &known {
            let document = total.document(key, next.over + 1, &next.tally)?;
            writes.push(write(key, Some(&RawBson::Int64(next.over)), &document)?);
        }
        let missed = self.write(total, writes).await?;
        let others: HashSet<&String> = missed.iter().collect();
        for (key, next) in known {
            if !others.contains(&key) {
                self.last.follow(place, key, next);
            }
        }
        Ok(missed)
    }

    /// Writes totals anew, as often as somebody else writes them meanwhile.
    async fn count(
        &mut self,
        place: usize,
        total: &dyn Total,
        mut keys: Vec<String>,
    ) -> Result<(), ProjectorError> {
        let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        while !keys.is_empty() {
            let collection = total.collection(self.generation);
            let revisions = revisions(self.database, &collection, &keys).await?;
            let mut tallies = tallies(self.database, self.generation, total, &keys).await?;
            let read = Instant::now();
            let mut writes = Vec::with_capacity(keys.len());
            let mut counted = Vec::with_capacity(keys.len());
            for key in keys {
                let found = revisions.get(&key);
                let tally = tallies.remove(&key).unwrap_or_default();
                // Written even where it says the same: the raised revision tells whoever has read
                // older orders to read them again.
                if found.is_some() || !tally.parts.is_empty() {
                    let over = found.map(|found| found.as_i64().unwrap_or(0));
                    let document = total.document(&key, over.unwrap_or(0) + 1, &tally)?;
                    writes.push(write(&key, found, &document)?);
                    counted.push((key, over, tally));
                }
            }
            keys = self.write(total, writes).await?;
            for (key, over, tally) in counted {
                if !keys.contains(&key) {
                    self.last.counted(place, key, over, tally, read);
                }
            }
            if !keys.is_empty() {
                tokio::time::sleep(again.wait()).await;
            }
        }
        Ok(())
    }

    /// Returns the ids of what was not written, because somebody else has.
    async fn write(
        &self,
        total: &dyn Total,
        writes: Vec<Write>,
    ) -> Result<Vec<String>, ProjectorError> {
        let collection = total.collection(self.generation);
        let written = guarded::write(self.database, &collection, writes).await?;
        match written.refused.first() {
            Some((id, fault)) => Err(ProjectorError::Answer(format!("{id}: {fault}"))),
            None => Ok(written.missed),
        }
    }
}

fn write(key: &str, over: Option<&RawBson>, document: &Document) -> Result<Write, ProjectorError> {
    let over = over.map(|revision| rawdoc! { "revision": revision.clone() });
    Ok(Write {
        id: key.to_owned(),
        over: over.map_or(Over::Nothing, Over::Read),
        document: RawDocumentBuf::try_from(document)?,
    })
}

/// Whatever they are: one that was damaged must be written over all the same.
async fn revisions(
    database: &ReadDatabase,
    collection: &str,
    keys: &[String],
) -> Result<HashMap<String, RawBson>, ProjectorError> {
    let found: Vec<RawDocumentBuf> = database
        .database()
        .collection(collection)
        .find(doc! { "_id": { "$in": keys } })
        .projection(doc! { "revision": 1 })
        .selection_criteria(ReadPreference::Primary.into())
        .await?
        .try_collect()
        .await?;
    let revision = |total: &RawDocumentBuf| {
        let key = total.get_str("_id").ok()?.to_owned();
        let revision = total.get("revision").ok().flatten();
        Some((key, revision.map_or(RawBson::Null, Into::into)))
    };
    Ok(found.iter().filter_map(revision).collect())
}

async fn tallies(
    database: &ReadDatabase,
    generation: &Generation,
    total: &dyn Total,
    keys: &[String],
) -> Result<HashMap<String, Tally>, ProjectorError> {
    let mut tallies: HashMap<String, Tally> = HashMap::new();
    for selection in total.selections(keys) {
        let stages = [
            doc! { "$match": selection.filter },
            Tally::stage(selection.field),
        ];
        let mut rows = database
            .database()
            .collection::<Document>(&generation.collection)
            .aggregate(stages)
            .selection_criteria(ReadPreference::Primary.into())
            .await?;
        while let Some(row) = rows.try_next().await? {
            if let Some((key, tally)) = Tally::read(&row) {
                let key = format!("{}{key}", selection.prefix);
                tallies.entry(key).or_default().add(tally);
            }
        }
    }
    Ok(tallies)
}
