use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::order::OrderLine;
use crate::{ItemId, StoreId};

/// How many pieces of an item a store has: 0 to 10^9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pieces(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not from 0 to 1000000000")]
pub struct PiecesError;

impl Pieces {
    pub const MAX: u64 = 1_000_000_000;

    pub fn new(pieces: u64) -> Result<Self, PiecesError> {
        (pieces <= Self::MAX)
            .then_some(Self(pieces))
            .ok_or(PiecesError)
    }

    pub fn get(self) -> u64 {
        self.0
    }
}

/// What an order wants of a store. It travels with the events that lead to its reservation, so
/// that inventory needs nothing but the event it reacts to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StockTerms {
    pub store_id: StoreId,
    /// Each item once.
    pub lines: Vec<StockLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StockLine {
    pub item_id: ItemId,
    /// An order's 200 lines of 10,000 pieces each are 2 × 10^6 at most.
    pub quantity: u32,
}

impl StockTerms {
    /// Lines of the same item are taken together.
    pub fn of(store_id: StoreId, lines: impl IntoIterator<Item = (ItemId, u32)>) -> Self {
        let mut quantities = BTreeMap::<ItemId, u32>::new();
        for (item, quantity) in lines {
            let wanted = quantities.entry(item).or_default();
            *wanted = wanted.saturating_add(quantity);
        }
        let line = |(item_id, quantity)| StockLine { item_id, quantity };
        Self {
            store_id,
            lines: quantities.into_iter().map(line).collect(),
        }
    }

    pub fn of_order(store_id: StoreId, lines: &[OrderLine]) -> Self {
        let line = |line: &OrderLine| (ItemId::from(&line.menu_item_id), line.quantity.get());
        Self::of(store_id, lines.iter().map(line))
    }
}
