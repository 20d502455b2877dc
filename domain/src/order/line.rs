use serde::{Deserialize, Serialize};

use crate::{ItemName, MenuItemId, Money};

/// How many of a dish: 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not from 1 to 10000")]
pub struct QuantityError;

impl Quantity {
    pub fn new(quantity: u32) -> Result<Self, QuantityError> {
        if (1..=10_000).contains(&quantity) {
            Ok(Self(quantity))
        } else {
            Err(QuantityError)
        }
    }

    pub fn get(self) -> u32 {
        self.0
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    pub menu_item_id: MenuItemId,
    pub name: ItemName,
    /// For one piece.
    pub price: Money,
    pub quantity: Quantity,
}

impl OrderLine {
    pub fn total(&self) -> Money {
        self.price * self.quantity.get()
    }
}
