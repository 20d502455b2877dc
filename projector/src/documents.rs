use std::collections::HashMap;

use bson::{
    Bson, Document, RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc,
};
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::{Generation, HeldBack, OrderDocument, OrderEntry, ReadDatabase};

use crate::{ProjectorError, RecordFault};

/// `_id` exists, with another version than the guard asked for.
const DUPLICATE_KEY: i32 = 11000;
/// What MongoDB would answer to the same document again: bad value, cannot be parsed, type mismatch,
/// dollar-prefixed field, failed validation, too large (several codes). Any other error may pass.
const REFUSALS: [i32; 8] = [2, 9, 14, 52, 121, 10334, 17419, 17420];
/// A command document may have 16 MiB.
const LARGE_COMMAND: usize = 8 * 1024 * 1024;

/// A document as it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub guard: Guard,
    /// `None` where there is none, or one this code cannot read.
    pub entry: Option<OrderEntry>,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
}

/// What a write asks for, so that it misses a document that has changed since it was read.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    version: RawBson,
    newest_seen: RawBson,
}

impl Default for Guard {
    /// There was no document.
    fn default() -> Self {
        Self {
            version: RawBson::Int64(0),
            newest_seen: RawBson::Null,
        }
    }
}

impl Known {
    fn of(raw: &RawDocument) -> Self {
        let owned = |found: Option<RawBsonRef<'_>>| found.map_or(RawBson::Null, Into::into);
        let held = raw.get_document("heldBack").ok();
        let guard = Guard {
            version: owned(raw.get("version").ok().flatten()),
            newest_seen: owned(held.and_then(|held| held.get("newestSeen").ok().flatten())),
        };
        match OrderEntry::read(raw) {
            Ok(entry) => Self {
                guard,
                entry: Some(entry),
                unreadable: None,
            },
            Err(error) => Self {
                guard,
                entry: None,
                unreadable: Some(error.to_string()),
            },
        }
    }

    pub fn version(&self) -> i64 {
        self.entry.as_ref().map_or(0, OrderEntry::version)
    }

    pub fn held_back(&self) -> Option<&HeldBack> {
        self.entry.as_ref().and_then(OrderEntry::held_back)
    }

    /// The document, without its hold.
    pub fn order(&self) -> Option<OrderDocument> {
        match self.entry.clone()? {
            OrderEntry::Order(order) => Some(OrderDocument {
                held_back: None,
                ..order
            }),
            OrderEntry::Stub(_) => None,
        }
    }
}

/// A document to be written in the place of the one that was read.
pub(crate) struct Change {
    pub guard: Guard,
    pub entry: OrderEntry,
}

/// What became of one bulk of guarded writes.
#[derive(Default)]
pub(crate) struct Written {
    /// Orders whose document had moved on since it was read: to be read and folded again.
    pub missed: Vec<String>,
    /// Orders whose document MongoDB will not take.
    pub refused: Vec<(String, RecordFault)>,
}

/// From the primary, whatever the URI prefers: a stale document would be a missed guard.
pub(crate) async fn read(
    database: &ReadDatabase,
    generation: &Generation,
    orders: &[String],
) -> Result<HashMap<String, Known>, ProjectorError> {
    let found: Vec<RawDocumentBuf> = database
        .orders(generation)
        .clone_with_type()
        .find(doc! { "_id": { "$in": orders } })
        .selection_criteria(ReadPreference::Primary.into())
        .await?
        .try_collect()
        .await?;
    let known = |raw: &RawDocumentBuf| {
        let order_id = raw.get_str("_id").unwrap_or_default().to_owned();
        (order_id, Known::of(raw))
    };
    Ok(found.iter().map(known).collect())
}

/// Writes all documents with as few commands as their size allows. Each is an upsert whose filter
/// names the version and the hold that were read: where the document has moved on the filter finds nothing, the
/// insert it turns into meets the `_id`, and the answer says 11000 for that statement.
pub(crate) async fn write(
    database: &ReadDatabase,
    generation: &Generation,
    changes: &[Change],
) -> Result<Written, ProjectorError> {
    let mut written = Written::default();
    for statements in Statements::of(changes)? {
        send(database, generation, statements, &mut written).await?;
    }
    Ok(written)
}

/// The statements of one command.
#[derive(Default)]
struct Statements {
    orders: Vec<String>,
    updates: RawArrayBuf,
    bytes: usize,
}

impl Statements {
    /// As few commands as the documents' size allows.
    fn of(changes: &[Change]) -> Result<Vec<Self>, ProjectorError> {
        let mut commands = vec![Self::default()];
        for change in changes {
            let document = bson::serialize_to_raw_document_buf(&change.entry)?;
            let size = document.as_bytes().len();
            match commands.last_mut() {
                Some(command) if command.bytes + size <= LARGE_COMMAND => {
                    command.push(change, document);
                }
                _ => {
                    let mut command = Self::default();
                    command.push(change, document);
                    commands.push(command);
                }
            }
        }
        commands.retain(|command| !command.orders.is_empty());
        Ok(commands)
    }

    fn push(&mut self, change: &Change, document: RawDocumentBuf) {
        let order_id = change.entry.order_id();
        self.bytes += document.as_bytes().len();
        self.updates.push(rawdoc! {
            "q": {
                "_id": order_id,
                "version": change.guard.version.clone(),
                "heldBack.newestSeen": change.guard.newest_seen.clone(),
            },
            "u": document,
            "upsert": true,
        });
        self.orders.push(order_id.to_owned());
    }
}

async fn send(
    database: &ReadDatabase,
    generation: &Generation,
    statements: Statements,
    written: &mut Written,
) -> Result<(), ProjectorError> {
    let command = rawdoc! {
        "update": generation.collection.as_str(),
        "updates": statements.updates,
        "ordered": false,
        "writeConcern": { "w": "majority", "j": true },
    };
    let answer = database.database().run_raw_command(command).await?;
    // Written, but perhaps not to stay: the same batch again is harmless.
    if let Some(concern) = answer.get("writeConcernError") {
        return Err(ProjectorError::Answer(concern.to_string()));
    }
    let errors = answer
        .get_array("writeErrors")
        .map_or(&[][..], Vec::as_slice);
    for error in errors {
        let unknown = || ProjectorError::Answer(error.to_string());
        let (order, code, message) = write_error(error, &statements.orders).ok_or_else(unknown)?;
        match code {
            DUPLICATE_KEY => written.missed.push(order),
            code if REFUSALS.contains(&code) => {
                written
                    .refused
                    .push((order, RecordFault::Document { code, message }));
            }
            _ => return Err(unknown()),
        }
    }
    Ok(())
}

fn write_error(error: &Bson, orders: &[String]) -> Option<(String, i32, String)> {
    let error: &Document = error.as_document()?;
    let index = usize::try_from(error.get_i32("index").ok()?).ok()?;
    let order_id = orders.get(index)?.clone();
    let message = error.get_str("errmsg").unwrap_or_default().to_owned();
    Some((order_id, error.get_i32("code").ok()?, message))
}

#[cfg(test)]
mod tests {
    use bson::DateTime;
    use domain::order::OrderStatus;
    use domain::{CustomerId, ItemName, MenuItemId, Money, RestaurantId};
    use read_models::ItemDocument;

    use super::*;

    fn change(order_id: String, items: usize) -> Change {
        let item = ItemDocument {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("x".repeat(256)).unwrap(),
            price: Money::ZERO,
            quantity: 1,
        };
        let document = OrderDocument {
            order_id,
            version: 1,
            status: OrderStatus::Pending,
            customer_id: CustomerId::new("c").unwrap(),
            restaurant_id: RestaurantId::new("r").unwrap(),
            total_amount: Money::ZERO,
            items: vec![item; items],
            payment_id: None,
            cancel_reason: None,
            created_at: DateTime::from_millis(0),
            updated_at: DateTime::from_millis(0),
            held_back: None,
        };
        Change {
            guard: Guard::default(),
            entry: OrderEntry::Order(document),
        }
    }

    #[test]
    fn a_command_stays_below_what_mongodb_takes() {
        let large: Vec<Change> = (0..500).map(|i| change(i.to_string(), 200)).collect();
        let commands = Statements::of(&large).unwrap();
        assert!(commands.len() > 2);
        for command in &commands {
            assert!(command.updates.as_bytes().len() < 16 * 1024 * 1024);
        }
        let orders: Vec<String> = commands.into_iter().flat_map(|c| c.orders).collect();
        assert_eq!(orders, (0..500).map(|i| i.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn small_documents_go_in_one_command() {
        let small: Vec<Change> = (0..500).map(|i| change(i.to_string(), 1)).collect();
        assert_eq!(Statements::of(&small).unwrap().len(), 1);
        assert!(Statements::of(&[]).unwrap().is_empty());
    }
}
