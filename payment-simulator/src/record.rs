use domain::{Currency, Money, PaymentMethod};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is asked for. An idempotency key belongs to one call, and to none that differs from it; a
/// call that was refused leaves its key free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Call {
    Create(Terms),
    #[serde(rename_all = "camelCase")]
    Cancel {
        order_id: String,
    },
    #[serde(rename_all = "camelCase")]
    Refund {
        intent_id: String,
        amount: Money,
        currency: Currency,
    },
}

/// What is to be paid for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    pub order_id: String,
    pub amount: Money,
    pub currency: Currency,
    pub payment_method: PaymentMethod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pending,
    Authorized,
    Captured,
    Failed,
    Cancelled,
    Refunded,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }

    /// Nothing happens from here unless somebody asks for it.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Pending | Self::Authorized)
    }
}

/// One thing that happened. A line of the journal is a list of those that happened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Record {
    /// A key was used.
    Asked { key: String, call: Call },
    #[serde(rename_all = "camelCase")]
    Opened {
        intent_id: String,
        terms: Terms,
        at: Timestamp,
    },
    /// Cancelled before anybody asked for it.
    #[serde(rename_all = "camelCase")]
    Stopped {
        intent_id: String,
        order_id: String,
        at: Timestamp,
    },
    #[serde(rename_all = "camelCase")]
    Changed {
        intent_id: String,
        to: Status,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Timestamp,
    },
    /// The webhook about the intent's change of this number was taken.
    #[serde(rename_all = "camelCase")]
    Told { intent_id: String, change: usize },
}
