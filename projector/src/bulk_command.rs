use bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, rawdoc};
use read_models::ReadDatabase;

use crate::{ProjectorError, RecordFault};

/// `_id` exists, with something else than the guard asked for.
pub(crate) const DUPLICATE_KEY: i32 = 11000;
/// What MongoDB would answer to the same document again: bad value, cannot be parsed, type mismatch,
/// dollar-prefixed field, failed validation, too large (several codes). Any other error may pass.
pub(crate) const REFUSALS: [i32; 8] = [2, 9, 14, 52, 121, 10334, 17419, 17420];
/// A command document may have 16 MiB.
pub(crate) const LARGE_COMMAND: usize = 8 * 1024 * 1024;

/// What MongoDB takes.
pub(crate) const LARGEST_DOCUMENT: usize = 16 * 1024 * 1024;

/// What became of one bulk of guarded writes.
#[derive(Default)]
pub(crate) struct Written {
    /// Ids whose document had moved on since it was read.
    pub missed: Vec<String>,
    /// Ids whose document MongoDB will not take.
    pub refused: Vec<(String, RecordFault)>,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Insert,
    Update,
}

/// The statements of one command.
pub(crate) struct BulkCommand {
    kind: Kind,
    pub ids: Vec<String>,
    statements: RawArrayBuf,
    pub bytes: usize,
}

impl BulkCommand {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            ids: Vec::new(),
            statements: RawArrayBuf::new(),
            bytes: 0,
        }
    }

    pub fn add(&mut self, id: String, statement: RawDocumentBuf) {
        self.bytes += statement.as_bytes().len();
        self.statements.push(statement);
        self.ids.push(id);
    }

    /// Leaves an empty one.
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.kind))
    }

    pub async fn send(
        self,
        database: &ReadDatabase,
        collection: &str,
    ) -> Result<Written, ProjectorError> {
        let concern = rawdoc! { "w": "majority", "j": true };
        let command = match self.kind {
            Kind::Insert => rawdoc! {
                "insert": collection, "documents": self.statements, "ordered": false,
                "writeConcern": concern,
            },
            Kind::Update => rawdoc! {
                "update": collection, "updates": self.statements, "ordered": false,
                "writeConcern": concern,
            },
        };
        let answer = database.database().run_raw_command(command).await?;
        let mut written = Written::default();
        for (index, code, message) in write_errors(&answer)? {
            let Some(id) = self.ids.get(index).cloned() else {
                return Err(ProjectorError::Answer(message));
            };
            match code {
                DUPLICATE_KEY => written.missed.push(id),
                code if REFUSALS.contains(&code) => {
                    let fault = RecordFault::Document { code, message };
                    written.refused.push((id, fault));
                }
                _ => return Err(ProjectorError::Answer(format!("{code}: {message}"))),
            }
        }
        Ok(written)
    }
}

/// Which statements of a command had no effect: their index, code and message.
pub(crate) fn write_errors(answer: &Document) -> Result<Vec<(usize, i32, String)>, ProjectorError> {
    // Written, but perhaps not to stay: the same batch again is harmless.
    if let Some(concern) = answer.get("writeConcernError") {
        return Err(ProjectorError::Answer(concern.to_string()));
    }
    let errors = answer
        .get_array("writeErrors")
        .map_or(&[][..], Vec::as_slice);
    errors
        .iter()
        .map(|error| write_error(error).ok_or_else(|| ProjectorError::Answer(error.to_string())))
        .collect()
}

fn write_error(error: &Bson) -> Option<(usize, i32, String)> {
    let error = error.as_document()?;
    let index = usize::try_from(error.get_i32("index").ok()?).ok()?;
    let message = error.get_str("errmsg").unwrap_or_default().to_owned();
    Some((index, error.get_i32("code").ok()?, message))
}
