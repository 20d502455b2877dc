use serde::{Deserialize, Serialize};

use super::StockEvent;

/// Where the pieces of an item are.
///
/// Whatever is counted is available, reserved or sold; nothing of it is ever below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StockLevel {
    pub available: u64,
    pub reserved: u64,
    pub sold: u64,
}

/// An event that takes more than there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{event} cannot follow {available} available, {reserved} reserved, {sold} sold")]
pub struct StockFault {
    pub event: &'static str,
    pub available: u64,
    pub reserved: u64,
    pub sold: u64,
}

impl StockLevel {
    /// In the store, promised or not.
    pub fn on_hand(&self) -> u64 {
        self.available + self.reserved
    }

    /// After the event, or why it cannot stand here.
    pub fn after(self, event: &StockEvent) -> Result<Self, StockFault> {
        self.moved(event).ok_or(StockFault {
            event: event.name(),
            available: self.available,
            reserved: self.reserved,
            sold: self.sold,
        })
    }

    fn moved(mut self, event: &StockEvent) -> Option<Self> {
        let (from, to, quantity) = match event {
            StockEvent::ItemStocked(stocked) => {
                self.available = stocked.quantity.get().checked_sub(self.reserved)?;
                return Some(self);
            }
            StockEvent::ItemReserved(e) => (&mut self.available, &mut self.reserved, e.quantity),
            StockEvent::ItemReleased(e) => (&mut self.reserved, &mut self.available, e.quantity),
            StockEvent::ItemSold(e) => (&mut self.reserved, &mut self.sold, e.quantity),
            StockEvent::ItemReturned(e) => (&mut self.sold, &mut self.available, e.quantity),
        };
        *from = from.checked_sub(quantity.into())?;
        *to = to.checked_add(quantity.into())?;
        Some(self)
    }
}
