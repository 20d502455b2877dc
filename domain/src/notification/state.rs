use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::FailureReason;

use super::{NotificationEvent, NotificationKind, Recipient};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationState {
    /// `None` where the customer left no address.
    pub recipient: Option<Recipient>,
    pub told: BTreeMap<NotificationKind, Telling>,
}

/// How far the telling of one thing has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Telling {
    Due { reason: Option<FailureReason> },
    Sent { message_id: String },
    Skipped,
}

impl NotificationState {
    /// Folds one event, or gives its name where it cannot stand here.
    pub(super) fn fold(&mut self, event: &NotificationEvent) -> Result<(), &'static str> {
        let fits = match event {
            NotificationEvent::RecipientNoted(_) => self.recipient.is_none(),
            NotificationEvent::NotificationDue(due) => !self.told.contains_key(&due.kind),
            NotificationEvent::NotificationSkipped(it) => !self.told.contains_key(&it.kind),
            NotificationEvent::NotificationSent(sent) => {
                matches!(self.told.get(&sent.kind), Some(Telling::Due { .. }))
            }
        };
        if !fits {
            return Err(event.name());
        }
        match event {
            NotificationEvent::RecipientNoted(noted) => {
                self.recipient = Some(noted.recipient.clone());
            }
            NotificationEvent::NotificationDue(due) => {
                let reason = due.reason.clone();
                self.told.insert(due.kind, Telling::Due { reason });
            }
            NotificationEvent::NotificationSent(sent) => {
                let message_id = sent.message_id.clone();
                self.told.insert(sent.kind, Telling::Sent { message_id });
            }
            NotificationEvent::NotificationSkipped(skipped) => {
                self.told.insert(skipped.kind, Telling::Skipped);
            }
        }
        Ok(())
    }
}
