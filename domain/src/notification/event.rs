use serde::{Deserialize, Serialize};

use crate::FailureReason;
use crate::stored_events::stored_events;

use super::{NotificationKind, Recipient};

stored_events! {
    /// What happened to what an order's customer is told, as it is stored.
    NotificationEvent {
        RecipientNoted(RecipientNoted),
        NotificationDue(NotificationDue),
        NotificationSent(NotificationSent),
        NotificationSkipped(NotificationSkipped),
    }
}

/// There is an address, and what the mails are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecipientNoted {
    pub recipient: Recipient,
}

/// A mail is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationDue {
    pub kind: NotificationKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "FailureReason"))]
    pub reason: Option<FailureReason>,
}

/// The customer is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationSent {
    pub kind: NotificationKind,
    pub message_id: String,
}

/// The customer left no address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationSkipped {
    pub kind: NotificationKind,
}
