use domain::contract::PublishedOrderEvent;
use domain::order::IllegalEvent;
use mongodb::IndexModel;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::totals::Total;

/// A projection with one document for each order, folded from the order's events.
///
/// Everything else is the engine's: it adds `_id` (the order's id), `version` and, while events
/// wait, `heldBack` to each document, drops what it has seen, fills gaps from the event store, and
/// guards every write by what it has read.
pub trait OrderProjection: Send + Sync + 'static {
    /// Names the collections and the consumer groups.
    const NAME: &'static str;
    /// To be raised when the same events make other documents than before: generations of another
    /// schema version are left alone.
    const SCHEMA_VERSION: u32;
    /// Fields that the engine adds may be left out.
    type Document: Serialize + DeserializeOwned + Clone + Send + Sync;

    /// Beside those of the engine.
    fn indexes() -> Vec<IndexModel>;

    /// The document after the event; `None` before the first. Pure: the same events make the same
    /// document, now and when it is rebuilt. Events come in order, without a gap, once each.
    fn apply(
        document: Option<Self::Document>,
        event: &PublishedOrderEvent,
    ) -> Result<Self::Document, IllegalEvent>;

    /// Totals over many of the documents, kept in the same generation.
    fn totals() -> &'static [&'static dyn Total] {
        &[]
    }
}
