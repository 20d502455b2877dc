use std::collections::HashMap;
use std::time::Duration;

use bson::{Document, RawBson, RawDocument, RawDocumentBuf, doc, rawdoc};
use futures::TryStreamExt;
use mongodb::Cursor;
use mongodb::options::ReadPreference;
use read_models::{Generation, ReadDatabase};
use runtime::Backoff;

use super::{Dirty, Part, Total};
use crate::guarded::{self, Over, Write};
use crate::{OrderProjection, ProjectorError};

/// Totals computed by one question.
const AT_ONCE: usize = 500;

/// Computes marked totals anew.
///
/// The revision is read first, then the orders, and the write asks for that revision. So whoever
/// writes a total has seen every order that was written before anybody's last write of it: of two
/// who share a total, the later one has the other's orders.
pub(crate) async fn recompute<P: OrderProjection>(
    database: &ReadDatabase,
    generation: &Generation,
    dirty: &Dirty,
) -> Result<(), ProjectorError> {
    for (place, total) in P::totals().iter().enumerate() {
        for keys in dirty.of(place).chunks(AT_ONCE) {
            all_of(database, generation, *total, keys.to_vec()).await?;
        }
    }
    Ok(())
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

async fn all_of(
    database: &ReadDatabase,
    generation: &Generation,
    total: &dyn Total,
    mut keys: Vec<String>,
) -> Result<(), ProjectorError> {
    let collection = total.collection(generation);
    let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
    loop {
        let revisions = revisions(database, &collection, &keys).await?;
        let mut parts = parts(database, generation, total, &keys).await?;
        let mut writes = Vec::with_capacity(keys.len());
        for key in keys {
            let revision = revisions.get(&key);
            let parts = parts.remove(&key).unwrap_or_default();
            // Written even where it says the same: the raised revision tells whoever has read
            // older orders to read them again.
            if revision.is_some() || !parts.is_empty() {
                let next = revision.and_then(RawBson::as_i64).unwrap_or(0) + 1;
                let document = total.document(&key, next, &parts)?;
                let over = revision.map(|revision| {
                    rawdoc! { "_id": key.as_str(), "revision": revision.clone() }
                });
                writes.push(Write {
                    over: over.map_or(Over::Nothing, Over::Read),
                    document: RawDocumentBuf::try_from(&document)?,
                    id: key,
                });
            }
        }
        let written = guarded::write(database, &collection, writes).await?;
        if let Some((id, fault)) = written.refused.first() {
            return Err(ProjectorError::Answer(format!("{id}: {fault}")));
        }
        if written.missed.is_empty() {
            return Ok(());
        }
        keys = written.missed;
        tokio::time::sleep(again.wait()).await;
    }
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

async fn parts(
    database: &ReadDatabase,
    generation: &Generation,
    total: &dyn Total,
    keys: &[String],
) -> Result<HashMap<String, Vec<Part>>, ProjectorError> {
    let mut parts: HashMap<String, Vec<Part>> = HashMap::new();
    for selection in total.selections(keys) {
        let stages = [
            doc! { "$match": selection.filter },
            Part::stage(selection.field),
        ];
        let mut rows = database
            .database()
            .collection::<Document>(&generation.collection)
            .aggregate(stages)
            .selection_criteria(ReadPreference::Primary.into())
            .await?;
        while let Some(row) = rows.try_next().await? {
            if let Some((key, part)) = Part::read(&row) {
                let key = format!("{}{key}", selection.prefix);
                parts.entry(key).or_default().push(part);
            }
        }
    }
    Ok(parts)
}
