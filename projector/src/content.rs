use bson::Document;
use read_models::{Generation, LoggedRecord, SagaEntry};

use crate::totals::{Tally, Total};

/// What one of a generation's collections holds, as far as generations are compared by it.
#[derive(Clone, Copy)]
pub enum Content {
    /// A document for each order, of the projection with this name.
    Orders(&'static str),
    /// Totals over them.
    Total(&'static dyn Total),
    /// What was on the topics.
    Records,
    /// A document for each order that something of a saga was seen of.
    Sagas,
}

impl Content {
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders(projection) => projection,
            Self::Total(total) => total.name(),
            Self::Records => LoggedRecord::PROJECTION,
            Self::Sagas => SagaEntry::PROJECTION,
        }
    }

    pub(crate) fn collection(self, generation: &Generation) -> String {
        match self {
            Self::Orders(_) | Self::Records | Self::Sagas => generation.collection.clone(),
            Self::Total(total) => total.collection(generation),
        }
    }

    /// The field that is another one whenever a document is written.
    pub(crate) fn guard(self) -> &'static str {
        match self {
            Self::Orders(_) => "version",
            Self::Total(_) | Self::Sagas => "revision",
            Self::Records => "_id",
        }
    }

    /// How often a document that moves is looked at. A total that moved twice is of somebody who
    /// orders all the time, and goes on.
    pub(crate) fn looks(self) -> usize {
        match self {
            Self::Orders(_) | Self::Records | Self::Sagas => 6,
            Self::Total(_) => 2,
        }
    }

    /// What of a document does not depend on how its generation came to be: a rebuilt one starts
    /// without holds, without totals in which no order counts any more, and perhaps without what
    /// was once not known to be of a manual order.
    pub(crate) fn comparable(self, mut document: Document) -> Option<Document> {
        match self {
            Self::Orders(_) => {
                document.remove("heldBack");
            }
            Self::Total(total) => {
                let key = document.get_str("_id").unwrap_or_default();
                let revision = document.get_i64("revision").unwrap_or_default();
                let empty = total.document(key, revision, &Tally::default());
                if empty.is_ok_and(|empty| empty == document) {
                    return None;
                }
                document.remove("revision");
            }
            Self::Records => {}
            Self::Sagas => {
                document.get("startedAt")?;
                document.remove("revision");
            }
        }
        Some(document)
    }
}
