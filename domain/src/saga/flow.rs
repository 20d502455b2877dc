use std::fmt;

use serde::{Deserialize, Serialize};

/// In which order a saga goes through its participants. Chosen when an order is placed and kept by
/// it: orders of both flows are under way when the choice changes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SagaFlow {
    /// Nobody pays for what is not there.
    #[default]
    StockFirst,
    /// Nobody's goods wait for somebody else's money.
    PaymentFirst,
}

impl SagaFlow {
    pub const ALL: [Self; 2] = [Self::StockFirst, Self::PaymentFirst];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::StockFirst => "stock-first",
            Self::PaymentFirst => "payment-first",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.as_str() == name)
    }
}

impl fmt::Display for SagaFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
