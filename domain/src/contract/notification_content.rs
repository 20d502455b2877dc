use serde::{Deserialize, Serialize};

use super::content;
use crate::notification::{
    NotificationDue, NotificationEvent, NotificationSent, NotificationSkipped,
};

content! {
    /// What `notification-events` tells of what one order's customer is told, with the order's id
    /// as key. The address stays where it is needed.
    NotificationContent {
        RecipientNoted(PublishedRecipientNoted),
        NotificationDue(NotificationDue),
        NotificationSent(NotificationSent),
        NotificationSkipped(NotificationSkipped),
    }
}

/// There is an address to send mails to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedRecipientNoted {
    /// Of the order that the mails are about.
    pub lines: u32,
}

impl From<NotificationEvent> for NotificationContent {
    fn from(stored: NotificationEvent) -> Self {
        match stored {
            NotificationEvent::RecipientNoted(noted) => {
                let lines = u32::try_from(noted.recipient.items.len()).unwrap_or(u32::MAX);
                Self::RecipientNoted(PublishedRecipientNoted { lines })
            }
            NotificationEvent::NotificationDue(event) => Self::NotificationDue(event),
            NotificationEvent::NotificationSent(event) => Self::NotificationSent(event),
            NotificationEvent::NotificationSkipped(event) => Self::NotificationSkipped(event),
        }
    }
}
