use std::collections::HashMap;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use read_models::{Generation, OrderDocument, ReadDatabase};

use crate::fold::Changed;
use crate::{ProjectorError, RecordFault};

/// `_id` exists, with another version than the guard asked for.
const DUPLICATE_KEY: i32 = 11000;

/// What became of one bulk of guarded writes.
#[derive(Default)]
pub(crate) struct Written {
    /// Orders whose document had moved on since it was read: to be read and folded again.
    pub missed: Vec<String>,
    /// Orders whose document MongoDB will not take.
    pub refused: Vec<(String, RecordFault)>,
}

pub(crate) async fn read(
    database: &ReadDatabase,
    generation: &Generation,
    orders: &[String],
) -> Result<HashMap<String, OrderDocument>, ProjectorError> {
    let found: Vec<OrderDocument> = database
        .orders(generation)
        .find(doc! { "_id": { "$in": orders } })
        .await?
        .try_collect()
        .await?;
    Ok(found.into_iter().map(|d| (d.order_id.clone(), d)).collect())
}

/// Writes all documents with one command. Each is an upsert whose filter names the version that
/// was read: where the document has moved on the filter finds nothing, the insert it turns into
/// meets the `_id`, and the answer says 11000 for that statement.
pub(crate) async fn write(
    database: &ReadDatabase,
    generation: &Generation,
    changed: &[Changed],
) -> Result<Written, ProjectorError> {
    let mut updates = Vec::with_capacity(changed.len());
    for Changed {
        read_version,
        document,
    } in changed
    {
        updates.push(doc! {
            "q": { "_id": &document.order_id, "version": read_version },
            "u": bson::serialize_to_document(document)?,
            "upsert": true,
        });
    }
    let answer = database
        .database()
        .run_command(doc! {
            "update": &generation.collection,
            "updates": updates,
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        })
        .await?;
    // Written, but perhaps not to stay: the same batch again is harmless.
    if let Some(concern) = answer.get("writeConcernError") {
        return Err(ProjectorError::Answer(concern.to_string()));
    }
    let mut written = Written::default();
    let errors = answer
        .get_array("writeErrors")
        .map_or(&[][..], Vec::as_slice);
    for error in errors {
        let (order, code, message) =
            write_error(error, changed).ok_or_else(|| ProjectorError::Answer(error.to_string()))?;
        if code == DUPLICATE_KEY {
            written.missed.push(order);
        } else {
            written
                .refused
                .push((order, RecordFault::Document { code, message }));
        }
    }
    Ok(written)
}

fn write_error(error: &Bson, changed: &[Changed]) -> Option<(String, i32, String)> {
    let error: &Document = error.as_document()?;
    let index = usize::try_from(error.get_i32("index").ok()?).ok()?;
    let order_id = changed.get(index)?.document.order_id.clone();
    let message = error.get_str("errmsg").unwrap_or_default().to_owned();
    Some((order_id, error.get_i32("code").ok()?, message))
}
