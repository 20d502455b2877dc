use std::sync::Arc;

use domain::OccurredOn;
use domain::notification::{Notification, NotificationCommand, NotificationError};
use event_store::{CommandContext, CommandExecutor, EventStore, ExecuteError};
use runtime::{Clock, Ids};

use super::mail::Sender;
use super::smtp::{MailError, Mailer};
use crate::errands::{Errand, Undone};

/// Hands mails over, and notes that. A process that dies in between hands the same mail over again,
/// under the same Message-ID.
pub struct Telling {
    store: EventStore<Notification>,
    executor: CommandExecutor<Notification>,
    sender: Sender,
    mailer: Arc<Mailer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Telling {
    pub fn new(
        store: EventStore<Notification>,
        sender: Sender,
        mailer: Arc<Mailer>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            executor: CommandExecutor::new(store.clone(), ()),
            store,
            sender,
            mailer,
            clock,
            ids,
        }
    }
}

impl Errand for Telling {
    const NAME: &'static str = "mail";
    const WISHES: &'static str = r#"state::text LIKE '%"is":"due"%'"#;
    type Aggregate = Notification;

    async fn attempt(&self, id: &str) -> Result<bool, Undone> {
        let Some(current) = self.store.current(id).await? else {
            return Ok(false);
        };
        let due = current.aggregate.due();
        let mut read = (current.aggregate.clone(), current.version);
        for &(kind, recipient, reason) in &due {
            let mail = self.sender.compose(id, kind, recipient, reason);
            let mail = mail.map_err(|error| Undone::Refused(error.to_string()))?;
            self.mailer.send(&mail).await.map_err(|error| match error {
                MailError::Refused(_) => Undone::Refused(error.to_string()),
                MailError::Later(_) | MailError::Away(_) => Undone::Later(error.to_string()),
            })?;
            let sent = NotificationCommand::Sent {
                kind,
                message_id: mail.message_id().to_owned(),
            };
            let context = CommandContext {
                command_id: self.ids.next(),
                occurred_on: OccurredOn::new(self.clock.now()),
                ..current.context.clone()
            };
            let noted = self.executor.execute_from(id, read, sent, &context);
            let noted = noted.await.map_err(undone)?;
            read = (noted.aggregate, noted.version);
        }
        Ok(!due.is_empty())
    }
}

fn undone(error: ExecuteError<NotificationError>) -> Undone {
    match error {
        ExecuteError::Refused(error) => Undone::Refused(error.to_string()),
        ExecuteError::Store(error) => Undone::Store(error),
        error @ (ExecuteError::Contended { .. } | ExecuteError::VersionMismatch { .. }) => {
            Undone::Later(error.to_string())
        }
    }
}
