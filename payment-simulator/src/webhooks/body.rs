use domain::{Currency, Money};
use jiff::Timestamp;
use serde::Serialize;

use crate::intent::Intent;

/// One webhook: `{"type": "payment.captured", "timestamp": …, "data": {…}}`.
#[derive(Serialize)]
pub struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    order_id: &'a str,
    intent_id: &'a str,
    amount: Money,
    currency: &'a Currency,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Body<'a> {
    /// About one change of an intent; the same each time it is sent.
    pub fn about(intent: &'a Intent, change: usize) -> Option<Self> {
        let terms = intent.terms.as_ref()?;
        let change = intent.changes.get(change)?;
        Some(Self {
            kind: format!("payment.{}", change.to.as_str()),
            timestamp: change.at,
            data: Data {
                order_id: &intent.order_id,
                intent_id: &intent.id,
                amount: terms.amount,
                currency: &terms.currency,
                reason: change.reason.as_deref(),
            },
        })
    }
}
