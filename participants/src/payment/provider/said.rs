use domain::payment::{PaymentCommand, ProviderSays};
use domain::{Currency, FailureReason, IntentId, Money};
use serde::Deserialize;

/// What the provider says of a payment, in an answer or by webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub intent_id: IntentId,
    pub says: ProviderSays,
}

impl From<Said> for PaymentCommand {
    fn from(said: Said) -> Self {
        Self::Provider {
            intent_id: said.intent_id,
            says: said.says,
        }
    }
}

/// What the provider has sent is not what it has agreed to send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// An intent as answers and webhooks show it. Amounts are texts, and exact.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    pub order_id: String,
    intent_id: String,
    amount: Option<Money>,
    currency: Option<String>,
    reason: Option<String>,
}

impl Facts {
    /// `status` is the intent's, or the last part of the webhook's type.
    pub fn said(self, status: &str) -> Result<Said, Unreadable> {
        let intent_id = IntentId::new(self.intent_id);
        let says = match status {
            "pending" => ProviderSays::Pending,
            "authorized" => ProviderSays::Authorized,
            "cancelled" => ProviderSays::Cancelled,
            "failed" => ProviderSays::Failed {
                reason: FailureReason::of(self.reason.as_deref().unwrap_or_default()),
            },
            "captured" | "refunded" => {
                let missing = |name| Unreadable(format!("{name} is missing"));
                let amount = self.amount.ok_or_else(|| missing("amount"))?;
                let currency = self.currency.ok_or_else(|| missing("currency"))?;
                let currency = Currency::new(&currency)
                    .map_err(|fault| Unreadable(format!("currency {fault}")))?;
                match status {
                    "captured" => ProviderSays::Captured { amount, currency },
                    _ => ProviderSays::Refunded { amount, currency },
                }
            }
            unknown => {
                let shown: String = unknown.chars().take(64).collect();
                return Err(Unreadable(format!("{shown:?} is no status of a payment")));
            }
        };
        Ok(Said {
            intent_id: intent_id.map_err(|fault| Unreadable(format!("intentId {fault}")))?,
            says,
        })
    }
}
