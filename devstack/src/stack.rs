use std::path::PathBuf;

use crate::control;
use crate::kafka::KafkaKind;
use crate::kind::Kind;
use crate::launch::Life;
use crate::mail_catcher::MailCatcherKind;
use crate::mongodb::MongoDbKind;
use crate::postgres::PostgresKind;
use crate::source::{Obtained, Source};
use crate::state::{self, Lock, Status};
use crate::{DevstackError, Kafka, MailCatcher, MongoDb, Postgres};

#[derive(Clone, Debug)]
pub struct DevOptions {
    /// For the data of native servers and the record of what runs.
    pub folder: PathBuf,
    /// Leaves native servers up when this process ends.
    pub detach: bool,
}

/// Postgres, Kafka, MongoDB and a mail catcher for development.
///
/// Native servers end when this is dropped, or when the process ends in any other way,
/// unless they are detached.
#[derive(Debug)]
pub struct Stack {
    pub postgres: Postgres,
    pub kafka: Kafka,
    pub mongodb: MongoDb,
    pub mail_catcher: MailCatcher,
    status: Status,
    /// Dropped after the servers; none for a detached stack.
    _attached: Option<Attached>,
}

#[derive(Debug)]
struct Attached {
    folder: PathBuf,
    _lock: Lock,
}

impl Drop for Attached {
    fn drop(&mut self) {
        // A record that stays is recognised as out of date by the free lock.
        let _ = state::remove(&self.folder);
    }
}

impl Stack {
    /// Starts what the environment does not name, all at the same time, and waits until each
    /// answers. Servers that a detached stack left up in the folder are used again and stay
    /// up. `say` is told where each server is.
    pub async fn up(options: &DevOptions, say: impl Fn(&str)) -> Result<Self, DevstackError> {
        let folder = control::create(&options.folder)?;
        let lock = control::take(&folder)?;
        let recorded = control::left_up(&folder).await;
        let detached = options.detach || recorded.is_some();
        let life = if detached { Life::Detached } else { Life::Tied };
        let source = Source::new(&folder, recorded, life).await?;
        let (postgres, kafka, mongodb, mail) = tokio::join!(
            obtain::<PostgresKind>(&source, &say),
            obtain::<KafkaKind>(&source, &say),
            obtain::<MongoDbKind>(&source, &say),
            obtain::<MailCatcherKind>(&source, &say),
        );
        let (postgres, kafka, mongodb, mail) = match (postgres, kafka, mongodb, mail) {
            (Ok(postgres), Ok(kafka), Ok(mongodb), Ok(mail)) => (postgres, kafka, mongodb, mail),
            // What did start ends when it is dropped here.
            (postgres, kafka, mongodb, mail) => {
                let failures = [postgres.err(), kafka.err(), mongodb.err(), mail.err()];
                return Err(DevstackError::all(failures.into_iter().flatten()));
            }
        };
        let status = Status {
            owner: std::process::id(),
            detached,
            servers: vec![
                postgres.status(),
                kafka.status(),
                mongodb.status(),
                mail.status(),
            ],
        };
        let stack = Self {
            postgres: postgres.server,
            kafka: kafka.server,
            mongodb: mongodb.server,
            mail_catcher: mail.server,
            _attached: (!detached).then(|| Attached {
                folder: folder.clone(),
                _lock: lock,
            }),
            status,
        };
        state::write(&folder, &stack.status)?;
        stack.postgres.keep();
        stack.kafka.keep();
        stack.mongodb.keep();
        stack.mail_catcher.keep();
        Ok(stack)
    }

    /// What other processes see of it.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Lines for a shell that name the servers.
    pub fn exports(&self) -> String {
        self.status.exports()
    }
}

async fn obtain<K: Kind>(
    source: &Source<'_>,
    say: &impl Fn(&str),
) -> Result<Obtained<K>, DevstackError> {
    let obtained = source.obtain().await?;
    say(&obtained.announcement());
    Ok(obtained)
}
