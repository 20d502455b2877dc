use serde::{Deserialize, Serialize};

use crate::payment::PaymentTerms;
use crate::saga::SagaFlow;
use crate::stored_events::stored_events;
use crate::{FailureReason, ItemId, StoreId};

stored_events! {
    /// What came of an order's wish for stock, as the others react to it.
    ReservationEvent {
        StockReserved(StockReserved),
        StockReservationFailed(StockReservationFailed),
        StockReleased(StockReleased),
        StockSold(StockSold),
    }
}

/// All lines of the order are promised to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockReserved {
    pub saga_flow: SagaFlow,
    pub store_id: StoreId,
    pub lines: Vec<ReservedLine>,
    /// What is to be paid next; absent where it is paid already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentTerms>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReservedLine {
    pub item_id: ItemId,
    pub quantity: u32,
    /// False for an item that nobody has stocked and that is taken to be there: what is given back
    /// of it later goes nowhere, also if it is stocked by then.
    pub counted: bool,
}

/// Something was short, so that nothing was reserved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StockReservationFailed {
    pub saga_flow: SagaFlow,
    pub store_id: StoreId,
    /// Every line that is short.
    pub short: Vec<ShortLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShortLine {
    pub item_id: ItemId,
    pub requested: u32,
    pub available: u64,
}

/// The order is over, and has nothing of the stock. Nothing is ever reserved for it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StockReleased {
    pub saga_flow: SagaFlow,
    /// What was given back; empty where the release came before the reservation.
    pub lines: Vec<ReservedLine>,
    pub reason: FailureReason,
}

/// The order is confirmed: what was promised is sold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StockSold {
    pub saga_flow: SagaFlow,
    pub lines: Vec<ReservedLine>,
}

impl StockReservationFailed {
    /// As a sentence for the order and its customer.
    pub fn reason(&self) -> FailureReason {
        let items: Vec<&str> = self
            .short
            .iter()
            .map(|line| line.item_id.as_str())
            .collect();
        FailureReason::of(&format!("not enough in stock: {}", items.join(", ")))
    }
}
