use bson::{RawArrayBuf, rawdoc};
use messaging::IncomingRecord;
use read_models::ReadDatabase;

use super::logged;
use crate::bulk_command::{DUPLICATE_KEY, LARGE_COMMAND, LARGEST_DOCUMENT, REFUSALS, write_errors};
use crate::{ProjectorError, RecordFault};

/// In one command. A server may carry it out on one snapshot, and step, for each of its documents,
/// over all that others have written since: with 1000 it took tens of times as long beside a
/// projector that was catching up.
const DOCUMENTS: usize = 100;

/// Inserts what is not there yet. A place on the topic has one record for ever, so what is there
/// is the same. Returns what MongoDB will not take, by its place among the records.
pub(super) async fn write(
    database: &ReadDatabase,
    collection: &str,
    records: &[IncomingRecord],
) -> Result<Vec<(usize, RecordFault)>, ProjectorError> {
    let mut refused = Vec::new();
    let mut command = Command::default();
    for (index, record) in records.iter().enumerate() {
        let document = bson::serialize_to_raw_document_buf(&logged(record))?;
        let size = document.as_bytes().len();
        if size > LARGEST_DOCUMENT {
            let message = format!("it would have {size} bytes");
            let code = 10334;
            refused.push((index, RecordFault::Document { code, message }));
            continue;
        }
        let is_large = command.bytes > 0 && command.bytes + size > LARGE_COMMAND;
        if is_large || command.indexes.len() == DOCUMENTS {
            let full = std::mem::take(&mut command);
            full.send(database, collection, &mut refused).await?;
        }
        command.documents.push(document);
        command.indexes.push(index);
        command.bytes += size;
    }
    if command.bytes > 0 {
        command.send(database, collection, &mut refused).await?;
    }
    Ok(refused)
}

/// The documents of one command.
#[derive(Default)]
struct Command {
    documents: RawArrayBuf,
    /// Their records' places.
    indexes: Vec<usize>,
    bytes: usize,
}

impl Command {
    async fn send(
        self,
        database: &ReadDatabase,
        collection: &str,
        refused: &mut Vec<(usize, RecordFault)>,
    ) -> Result<(), ProjectorError> {
        let command = rawdoc! {
            "insert": collection,
            "documents": self.documents,
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        };
        let answer = database.database().run_raw_command(command).await?;
        for (at, code, message) in write_errors(&answer)? {
            match (code, self.indexes.get(at)) {
                (DUPLICATE_KEY, _) => {}
                (code, Some(&index)) if REFUSALS.contains(&code) => {
                    refused.push((index, RecordFault::Document { code, message }));
                }
                _ => return Err(ProjectorError::Answer(format!("{code}: {message}"))),
            }
        }
        Ok(())
    }
}
