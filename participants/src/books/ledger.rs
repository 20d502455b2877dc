use domain::Money;
use serde::Deserialize;

/// A payment provider's own books, as `GET /v1/ledger` of `orders payment-simulator` shows them.
#[derive(Clone, Debug, Deserialize)]
pub struct Ledger {
    pub intents: Vec<Intent>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    pub order_id: String,
    pub status: String,
    pub amount: Option<Money>,
}

impl Intent {
    /// What was taken and not given back, in hundredths: a payment is given back as a whole.
    pub(super) fn kept(&self) -> i128 {
        match (self.status.as_str(), self.amount) {
            ("captured", Some(amount)) => amount.hundredths(),
            _ => 0,
        }
    }
}
