use std::collections::HashMap;

use bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc};
use futures::TryStreamExt;
use mongodb::options::ReadPreference;
use read_models::{Generation, OrderDocument, ReadDatabase};

use crate::fold::Changed;
use crate::{ProjectorError, RecordFault};

/// `_id` exists, with another version than the guard asked for.
const DUPLICATE_KEY: i32 = 11000;
/// What MongoDB would answer to the same document again: bad value, cannot be parsed, type mismatch,
/// dollar-prefixed field, failed validation, too large (several codes). Any other error may pass.
const REFUSALS: [i32; 8] = [2, 9, 14, 52, 121, 10334, 17419, 17420];
/// A command document may have 16 MiB.
const LARGE_COMMAND: usize = 8 * 1024 * 1024;

/// Documents as they were read.
#[derive(Default)]
pub(crate) struct Read {
    pub documents: HashMap<String, OrderDocument>,
    /// Orders whose document is none this code can read.
    pub unreadable: Vec<(String, RecordFault)>,
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
) -> Result<Read, ProjectorError> {
    let found: Vec<RawDocumentBuf> = database
        .orders(generation)
        .clone_with_type()
        .find(doc! { "_id": { "$in": orders } })
        .selection_criteria(ReadPreference::Primary.into())
        .await?
        .try_collect()
        .await?;
    let mut read = Read::default();
    for raw in found {
        match bson::deserialize_from_slice::<OrderDocument>(raw.as_bytes()) {
            Ok(document) => {
                read.documents.insert(document.order_id.clone(), document);
            }
            Err(error) => {
                let order_id = raw.get_str("_id").unwrap_or_default().to_owned();
                let fault = RecordFault::Unreadable(error.to_string());
                read.unreadable.push((order_id, fault));
            }
        }
    }
    Ok(read)
}

/// Writes all documents with as few commands as their size allows. Each is an upsert whose filter
/// names the version that was read: where the document has moved on the filter finds nothing, the
/// insert it turns into meets the `_id`, and the answer says 11000 for that statement.
pub(crate) async fn write(
    database: &ReadDatabase,
    generation: &Generation,
    changed: &[Changed],
) -> Result<Written, ProjectorError> {
    let mut written = Written::default();
    for statements in Statements::of(changed)? {
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
    fn of(changed: &[Changed]) -> Result<Vec<Self>, ProjectorError> {
        let mut commands = vec![Self::default()];
        for change in changed {
            let document = bson::serialize_to_raw_document_buf(&change.document)?;
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

    fn push(&mut self, change: &Changed, document: RawDocumentBuf) {
        let order_id = change.document.order_id.as_str();
        self.bytes += document.as_bytes().len();
        self.updates.push(rawdoc! {
            "q": { "_id": order_id, "version": change.read_version },
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

    fn changed(order_id: String, items: usize) -> Changed {
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
        };
        Changed {
            read_version: 0,
            document,
        }
    }

    #[test]
    fn a_command_stays_below_what_mongodb_takes() {
        let large: Vec<Changed> = (0..500).map(|i| changed(i.to_string(), 200)).collect();
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
        let small: Vec<Changed> = (0..500).map(|i| changed(i.to_string(), 1)).collect();
        assert_eq!(Statements::of(&small).unwrap().len(), 1);
        assert!(Statements::of(&[]).unwrap().is_empty());
    }
}
