use std::collections::HashMap;

use bson::raw::cstr;
use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc};
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::{Generation, HeldBack, ReadDatabase};

use crate::bulk_command::Written;
use crate::guarded::{self, Over, Write};
use crate::{OrderProjection, ProjectorError};

/// What the engine keeps in every order's document, whatever the projection puts beside it.
const ID: &str = "_id";
const VERSION: &str = "version";
const HELD_BACK: &str = "heldBack";

/// One order's document, with what the engine keeps in it.
#[derive(Clone, Debug)]
pub(crate) struct Entry<D> {
    pub order_id: String,
    /// Of the last event folded in.
    pub version: i64,
    /// `None` at version 0: a stub that stands for an order of which nothing could be applied.
    pub document: Option<D>,
    pub held_back: Option<HeldBack>,
}

/// A document as it was read.
pub(crate) struct Known<P: OrderProjection> {
    pub guard: Guard,
    pub version: i64,
    pub document: Option<P::Document>,
    pub held_back: Option<HeldBack>,
    /// `None` where there was none.
    pub raw: Option<RawDocumentBuf>,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
}

/// What a write asks for, so that it misses a document that has changed since it was read.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// There is none.
    Absent,
    Unchanged {
        version: RawBson,
        newest_seen: RawBson,
    },
}

/// A document to be written in the place of the one that was read.
pub(crate) struct Change {
    pub order_id: String,
    pub guard: Guard,
    pub document: RawDocumentBuf,
}

impl<D: serde::Serialize> Entry<D> {
    /// As it is stored.
    pub fn raw(&self) -> Result<RawDocumentBuf, ProjectorError> {
        let mut raw = rawdoc! { "_id": self.order_id.as_str(), "version": self.version };
        if let Some(document) = &self.document {
            for field in &bson::serialize_to_raw_document_buf(document)? {
                let (name, value) = field?;
                if ![ID, VERSION, HELD_BACK].contains(&name.as_str()) {
                    raw.append(name, value);
                }
            }
        }
        if let Some(held_back) = &self.held_back {
            raw.append(
                cstr!("heldBack"),
                bson::serialize_to_raw_document_buf(held_back)?,
            );
        }
        Ok(raw)
    }
}

impl<P: OrderProjection> Default for Known<P> {
    /// There was no document.
    fn default() -> Self {
        Self {
            guard: Guard::Absent,
            version: 0,
            document: None,
            held_back: None,
            raw: None,
            unreadable: None,
        }
    }
}

impl<P: OrderProjection> Known<P> {
    pub fn of(raw: RawDocumentBuf) -> Self {
        let owned = |found: Option<RawBsonRef<'_>>| found.map_or(RawBson::Null, Into::into);
        let held = raw.get_document(HELD_BACK).ok();
        let guard = Guard::Unchanged {
            version: owned(raw.get(VERSION).ok().flatten()),
            newest_seen: owned(held.and_then(|held| held.get("newestSeen").ok().flatten())),
        };
        let mut known = Self {
            guard,
            ..Self::default()
        };
        if let Err(error) = known.read(&raw) {
            known.unreadable = Some(error.to_string());
            known.document = None;
            known.held_back = None;
            known.version = 0;
        }
        known.raw = Some(raw);
        known
    }

    fn read(&mut self, raw: &RawDocument) -> Result<(), ProjectorError> {
        let version = raw.get_i64(VERSION);
        self.version = version.map_err(|error| ProjectorError::Answer(error.to_string()))?;
        if let Ok(held_back) = raw.get_document(HELD_BACK) {
            self.held_back = Some(bson::deserialize_from_slice(held_back.as_bytes())?);
        }
        if self.version > 0 {
            self.document = Some(bson::deserialize_from_slice(raw.as_bytes())?);
        } else if self.held_back.is_none() {
            let missing = format!("version {} and nothing held back", self.version);
            return Err(ProjectorError::Answer(missing));
        }
        Ok(())
    }
}

/// From the primary, whatever the URI prefers: a stale document would be a missed guard.
pub(crate) async fn read<P: OrderProjection>(
    database: &ReadDatabase,
    generation: &Generation,
    orders: &[String],
) -> Result<HashMap<String, Known<P>>, ProjectorError> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<RawDocumentBuf> = database
        .orders(generation)
        .clone_with_type()
        .find(doc! { "_id": { "$in": orders } })
        .selection_criteria(ReadPreference::Primary.into())
        .await?
        .try_collect()
        .await?;
    let known = |raw: RawDocumentBuf| {
        let order_id = raw.get_str(ID).unwrap_or_default().to_owned();
        (order_id, Known::of(raw))
    };
    Ok(found.into_iter().map(known).collect())
}

/// Writes documents, each unless it has another version or hold by now than when it was read.
pub(crate) async fn write(
    database: &ReadDatabase,
    generation: &Generation,
    changes: Vec<Change>,
) -> Result<Written, ProjectorError> {
    let writes = changes.into_iter().map(Write::from).collect();
    guarded::write(database, &generation.collection, writes).await
}

impl From<Change> for Write {
    fn from(change: Change) -> Self {
        let over = match change.guard {
            Guard::Absent => Over::Nothing,
            Guard::Unchanged {
                version,
                newest_seen,
            } => Over::Read(rawdoc! { "version": version, "heldBack.newestSeen": newest_seen }),
        };
        Self {
            id: change.order_id,
            over,
            document: change.document,
        }
    }
}
