use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a saga has come, in terms of the [reactions](crate::saga::REACTIONS).
///
/// A saga ends when everybody is done, and not with the order's own word: the last three are
/// reached once nothing is to be expected any more of the stock, the money and the customer's
/// mail. Even then something may come, such as a cancellation by the customer or money that the
/// provider takes late, and a saga that had ended goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SagaStatus {
    /// The order is there, and nobody has reacted to it, but for who will tell the customer.
    Started,
    /// On its way, to whichever end.
    InProgress,
    /// Something was seen that others answer by releasing stock or by stopping or refunding the
    /// payment, and they are not done with it.
    Compensating,
    /// The order is confirmed, its stock sold, its money taken and its customer told.
    Completed,
    /// The order is cancelled or has failed, the stock and the money are back where they were, and
    /// the customer is told.
    Compensated,
    /// The order has failed before there was anything to take back, and the customer is told.
    Failed,
}

impl SagaStatus {
    pub const ALL: [Self; 6] = [
        Self::Started,
        Self::InProgress,
        Self::Compensating,
        Self::Completed,
        Self::Compensated,
        Self::Failed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::InProgress => "InProgress",
            Self::Compensating => "Compensating",
            Self::Completed => "Completed",
            Self::Compensated => "Compensated",
            Self::Failed => "Failed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated | Self::Failed)
    }
}

impl fmt::Display for SagaStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
