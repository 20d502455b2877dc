use serde::{Deserialize, Serialize};

/// What there is to tell of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NotificationKind {
    Confirmed,
    Cancelled,
    Failed,
}

impl NotificationKind {
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Cancelled, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}
