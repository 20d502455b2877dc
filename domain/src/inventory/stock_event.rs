use serde::{Deserialize, Serialize};

use crate::stored_events::stored_events;
use crate::{ItemId, StoreId};

use super::Pieces;

stored_events! {
    /// What happened to an item's stock in a store. A stock's id does not tell whose it is, so
    /// that every event names both.
    StockEvent {
        ItemStocked(ItemStocked),
        // From available to reserved, and back.
        ItemReserved(ItemMoved),
        ItemReleased(ItemMoved),
        // From reserved to sold, and from there to available.
        ItemSold(ItemMoved),
        ItemReturned(ItemMoved),
    }
}

/// The pieces in the store were counted, reserved ones included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ItemStocked {
    pub store_id: StoreId,
    pub item_id: ItemId,
    #[cfg_attr(test, schemars(with = "u64"))]
    pub quantity: Pieces,
}

/// Pieces that an order has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ItemMoved {
    pub store_id: StoreId,
    pub item_id: ItemId,
    pub order_id: String,
    pub quantity: u32,
}
