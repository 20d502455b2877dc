use serde::{Deserialize, Serialize};

use super::{PublishedPaymentTerms, content};
use crate::StoreId;
use crate::inventory::{
    ItemMoved, ItemStocked, ReservationEvent, ReservedLine, StockEvent, StockReleased,
    StockReservationFailed, StockReserved, StockSold,
};
use crate::saga::SagaFlow;

content! {
    /// What `inventory-events` tells: of one order's reservation, with the order's id as key, and
    /// of one item's stock in a store, with an id of its own.
    ///
    /// What holds no money is published as it is stored; the schemas say when the two have to part.
    InventoryContent {
        StockReserved(PublishedStockReserved),
        StockReservationFailed(StockReservationFailed),
        StockReleased(StockReleased),
        StockSold(StockSold),
        ItemStocked(ItemStocked),
        ItemReserved(ItemMoved),
        ItemReleased(ItemMoved),
        ItemSold(ItemMoved),
        ItemReturned(ItemMoved),
    }
}

/// All lines of the order are promised to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedStockReserved {
    pub saga_flow: SagaFlow,
    pub store_id: StoreId,
    pub lines: Vec<ReservedLine>,
    /// What is to be paid next; absent where it is paid already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "PublishedPaymentTerms"))]
    pub payment: Option<PublishedPaymentTerms>,
}

impl From<ReservationEvent> for InventoryContent {
    fn from(stored: ReservationEvent) -> Self {
        match stored {
            ReservationEvent::StockReserved(StockReserved {
                saga_flow,
                store_id,
                lines,
                payment,
            }) => Self::StockReserved(PublishedStockReserved {
                saga_flow,
                store_id,
                lines,
                payment: payment.map(PublishedPaymentTerms::from),
            }),
            ReservationEvent::StockReservationFailed(event) => Self::StockReservationFailed(event),
            ReservationEvent::StockReleased(event) => Self::StockReleased(event),
            ReservationEvent::StockSold(event) => Self::StockSold(event),
        }
    }
}

impl From<StockEvent> for InventoryContent {
    fn from(stored: StockEvent) -> Self {
        match stored {
            StockEvent::ItemStocked(event) => Self::ItemStocked(event),
            StockEvent::ItemReserved(event) => Self::ItemReserved(event),
            StockEvent::ItemReleased(event) => Self::ItemReleased(event),
            StockEvent::ItemSold(event) => Self::ItemSold(event),
            StockEvent::ItemReturned(event) => Self::ItemReturned(event),
        }
    }
}
