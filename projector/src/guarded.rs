use bson::{RawDocumentBuf, rawdoc};
use read_models::ReadDatabase;
use tokio::task::JoinSet;

use crate::ProjectorError;
use crate::bulk_command::{BulkCommand, Kind, LARGE_COMMAND, Written};

/// Statements of a command of a [`Bulk`], unless documents are large: so few that the first ones are
/// on their way while the others are still being made.
const ENOUGH: usize = 250;
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

/// Writes documents into a collection, each on its way as soon as there are enough for a command.
/// Where one is there already, or another one than was read, the filter finds nothing, the insert
/// meets the `_id`, and the answer says 11000 for that statement.
///
/// To drop it gives up what is under way, which may be written or not.
pub(crate) struct Bulk {
    database: ReadDatabase,
    collection: String,
    waiting: Waiting,
    under_way: JoinSet<Result<Written, ProjectorError>>,
    written: Written,
}

/// Writes documents that are all there already, by as few commands as their size allows.
pub(crate) async fn write(
    database: &ReadDatabase,
    collection: &str,
    writes: Vec<Write>,
) -> Result<Written, ProjectorError> {
    let mut bulk = Bulk {
        waiting: Waiting::new(usize::MAX),
        ..Bulk::new(database, collection)
    };
    for write in writes {
        bulk.push(write).await?;
    }
    bulk.finish().await
}

impl Bulk {
    pub fn new(database: &ReadDatabase, collection: &str) -> Self {
        Self {
            database: database.clone(),
            collection: collection.to_owned(),
            waiting: Waiting::new(ENOUGH),
            under_way: JoinSet::new(),
            written: Written::default(),
        }
    }

    /// Waits while there are as many commands under way as may be.
    pub async fn push(&mut self, write: Write) -> Result<(), ProjectorError> {
        match self.waiting.add(write) {
            Some(command) => self.send(command).await?,
            None => return Ok(()),
        }
        // A task begins on the thread of the one that made it, once that one waits for something.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Returns when every write has its answer, or a command has failed: what became of the others
    /// is not known then.
    pub async fn finish(mut self) -> Result<Written, ProjectorError> {
        for command in self.waiting.rest() {
            self.send(command).await?;
        }
        while !self.under_way.is_empty() {
            self.answered().await?;
        }
        Ok(self.written)
    }

    async fn send(&mut self, command: BulkCommand) -> Result<(), ProjectorError> {
        while self.under_way.len() >= AT_ONCE {
            self.answered().await?;
        }
        let (database, collection) = (self.database.clone(), self.collection.clone());
        self.under_way
            .spawn(async move { command.send(&database, &collection).await });
        Ok(())
    }

    async fn answered(&mut self) -> Result<(), ProjectorError> {
        if let Some(answer) = self.under_way.join_next().await {
            let written = answer??;
            self.written.missed.extend(written.missed);
            self.written.refused.extend(written.refused);
        }
        Ok(())
    }
}

/// Statements that are not enough for a command yet.
struct Waiting {
    enough: usize,
    inserts: BulkCommand,
    updates: BulkCommand,
}

impl Waiting {
    fn new(enough: usize) -> Self {
        Self {
            enough,
            inserts: BulkCommand::new(Kind::Insert),
            updates: BulkCommand::new(Kind::Update),
        }
    }

    /// Returns a command that has enough.
    fn add(&mut self, write: Write) -> Option<BulkCommand> {
        let (command, statement) = match write.over {
            Over::Nothing => (&mut self.inserts, write.document),
            Over::Read(guard) => {
                // By its `_id` alone a document is found at once. Beside other fields a server may
                // look for an index that has all of them first, for as long as the write takes;
                // nested, they are a condition of their own.
                let filter = rawdoc! { "_id": write.id.as_str(), "$and": [{ "$and": [guard] }] };
                let statement = rawdoc! { "q": filter, "u": write.document, "upsert": true };
                (&mut self.updates, statement)
            }
        };
        let size = statement.as_bytes().len();
        let too_large = command.bytes + size > LARGE_COMMAND && !command.ids.is_empty();
        let large = too_large.then(|| command.take());
        command.add(write.id, statement);
        large.or_else(|| (command.ids.len() >= self.enough).then(|| command.take()))
    }

    fn rest(&mut self) -> Vec<BulkCommand> {
        let mut commands = vec![self.inserts.take(), self.updates.take()];
        commands.retain(|command| !command.ids.is_empty());
        commands
    }
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

    fn commands(writes: Vec<Write>) -> Vec<BulkCommand> {
        let mut waiting = Waiting::new(ENOUGH);
        let writes = writes.into_iter();
        let mut commands: Vec<BulkCommand> =
            writes.filter_map(|write| waiting.add(write)).collect();
        commands.extend(waiting.rest());
        commands
    }

    #[test]
    fn a_command_stays_below_what_mongodb_takes() {
        let large: Vec<Write> = (0..100).map(|i| write(i, 500_000, over(i))).collect();
        let commands = commands(large);
        assert!(commands.len() > 2);
        for command in &commands {
            assert!(command.bytes < 16 * 1024 * 1024 - 64 * 1024);
        }
        let ids: Vec<String> = commands.into_iter().flat_map(|c| c.ids).collect();
        assert_eq!(ids, (0..100).map(|i| i.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn enough_small_documents_of_one_way_go_in_one_command() {
        let writes = (0..3 * ENOUGH).map(|i| match i % 3 {
            0 => write(i, 100, Over::Nothing),
            _ => write(i, 100, over(i)),
        });
        let statements: Vec<usize> = commands(writes.collect())
            .iter()
            .map(|c| c.ids.len())
            .collect();
        assert_eq!(statements, [ENOUGH, ENOUGH, ENOUGH]);
        assert!(commands(Vec::new()).is_empty());
    }
}
