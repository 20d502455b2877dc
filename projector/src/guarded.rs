use bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, rawdoc};
use futures::{StreamExt, TryStreamExt};
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

/// Commands under way at the same time.
const AT_ONCE: usize = 2;

/// A document to be written.
pub(crate) struct Write {
    pub id: String,
    pub over: Over,
    pub document: RawDocumentBuf,
}

/// What is thought to be there.
pub(crate) enum Over {
    /// No document of this id. To insert costs a server a fraction of what an upsert does.
    Nothing,
    /// A document that this filter, of what was read beside its `_id`, still finds.
    Read(RawDocumentBuf),
}

/// What became of one bulk of guarded writes.
#[derive(Default)]
pub(crate) struct Written {
    /// Ids whose document had moved on since it was read.
    pub missed: Vec<String>,
    /// Ids whose document MongoDB will not take.
    pub refused: Vec<(String, RecordFault)>,
}

/// Writes all documents. Where one is there already, or another one than was read, the filter finds
/// nothing, the insert meets the `_id`, and the answer says 11000 for that statement.
pub(crate) async fn write(
    database: &ReadDatabase,
    collection: &str,
    writes: Vec<Write>,
) -> Result<Written, ProjectorError> {
    let commands = futures::stream::iter(commands(writes))
        .map(|command| command.send(database, collection))
        .buffer_unordered(AT_ONCE);
    commands
        .try_fold(Written::default(), async |mut all, written| {
            all.missed.extend(written.missed);
            all.refused.extend(written.refused);
            Ok(all)
        })
        .await
}

fn commands(writes: Vec<Write>) -> Vec<Command> {
    let (mut inserts, mut updates) = (Vec::new(), Vec::new());
    for write in writes {
        match write.over {
            Over::Nothing => inserts.push((write.id, write.document)),
            Over::Read(guard) => {
                // By its `_id` alone a document is found at once. Beside other fields a server may
                // look for an index that has all of them first, for as long as the write takes;
                // nested, they are a condition of their own.
                let filter = rawdoc! { "_id": write.id.as_str(), "$and": [{ "$and": [guard] }] };
                let statement = rawdoc! { "q": filter, "u": write.document, "upsert": true };
                updates.push((write.id, statement));
            }
        }
    }
    let mut commands = Command::of(Kind::Insert, inserts);
    commands.extend(Command::of(Kind::Update, updates));
    commands
}

#[derive(Clone, Copy)]
enum Kind {
    Insert,
    Update,
}

/// The statements of one command.
struct Command {
    kind: Kind,
    ids: Vec<String>,
    statements: RawArrayBuf,
    bytes: usize,
}

impl Command {
    /// As few commands as the statements' size allows.
    fn of(kind: Kind, statements: Vec<(String, RawDocumentBuf)>) -> Vec<Self> {
        let mut commands: Vec<Self> = Vec::new();
        for (id, statement) in statements {
            let size = statement.as_bytes().len();
            let fits = |c: &Self| c.bytes + size <= LARGE_COMMAND;
            if !commands.last().is_some_and(fits) {
                commands.push(Self {
                    kind,
                    ids: Vec::new(),
                    statements: RawArrayBuf::new(),
                    bytes: 0,
                });
            }
            if let Some(command) = commands.last_mut() {
                command.bytes += size;
                command.statements.push(statement);
                command.ids.push(id);
            }
        }
        commands
    }

    async fn send(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(id: usize, size: usize, over: Over) -> Write {
        Write {
            id: id.to_string(),
            over,
            document: rawdoc! { "text": "x".repeat(size) },
        }
    }

    fn over(id: usize) -> Over {
        Over::Read(rawdoc! { "version": id as i64 })
    }

    #[test]
    fn a_command_stays_below_what_mongodb_takes() {
        let large: Vec<Write> = (0..500).map(|i| write(i, 70_000, over(i))).collect();
        let commands = commands(large);
        assert!(commands.len() > 2);
        for command in &commands {
            assert!(command.statements.as_bytes().len() < 16 * 1024 * 1024);
        }
        let ids: Vec<String> = commands.into_iter().flat_map(|c| c.ids).collect();
        assert_eq!(ids, (0..500).map(|i| i.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn small_documents_go_in_one_command_for_each_way() {
        let writes = (0..500).map(|i| match i % 2 {
            0 => write(i, 100, Over::Nothing),
            _ => write(i, 100, over(i)),
        });
        let statements: Vec<usize> = commands(writes.collect())
            .iter()
            .map(|c| c.ids.len())
            .collect();
        assert_eq!(statements, [250, 250]);
        assert!(commands(Vec::new()).is_empty());
    }
}
