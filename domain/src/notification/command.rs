use serde::{Deserialize, Serialize};

use crate::order::OrderLine;
use crate::{Currency, CustomerId, EmailAddress, FailureReason, Money};

use super::NotificationKind;

/// Whom to tell, and of what. Kept from the order's first event: the later ones do not repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    pub email: EmailAddress,
    pub customer_id: CustomerId,
    pub total_amount: Money,
    pub currency: Currency,
    pub items: Vec<OrderLine>,
}

/// What can be asked of an order's notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationCommand {
    Note(Recipient),
    Tell {
        kind: NotificationKind,
        reason: Option<FailureReason>,
    },
    /// The mail server has taken it.
    Sent {
        kind: NotificationKind,
        message_id: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    #[error("nothing of that kind was to be told")]
    NotDue(NotificationKind),
    #[error("the notifications' stream is damaged: {0} cannot stand where it does")]
    DamagedStream(&'static str),
}
