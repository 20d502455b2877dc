use serde::{Deserialize, Serialize};

use crate::{Currency, Money, PaymentMethod};

/// What an order costs and how it is paid. It travels with the events that lead to its payment, so
/// that payment needs nothing but the event it reacts to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentTerms {
    pub amount: Money,
    pub currency: Currency,
    pub method: PaymentMethod,
}
