use std::collections::{BTreeMap, BTreeSet};

use domain::inventory::{ReservedLine, StockEvent};
use domain::notification::NotificationKind;
use domain::order::{IllegalEvent, OrderCreated, OrderEvent, OrderStatus};
use domain::{Currency, ItemId, StoreId};

/// All that anybody has written down about one order. Amounts are in hundredths.
#[derive(Default)]
pub(super) struct Account {
    pub order: Option<Placed>,
    /// What was reserved for it, if anything ever was.
    pub lines: Vec<ReservedLine>,
    /// What its moves come to in the streams of the stocks.
    pub pieces: BTreeMap<(StoreId, ItemId), Held>,
    pub captured: i128,
    pub refunded: i128,
    /// How often its customer was told each thing, or could not be.
    pub told: BTreeMap<NotificationKind, u64>,
    /// What the provider took and did not give back.
    pub provider: i128,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub reserved: i128,
    pub sold: i128,
}

impl Held {
    pub fn add(&mut self, event: &StockEvent) {
        let (reserved, sold, quantity) = match event {
            StockEvent::ItemStocked(_) => return,
            StockEvent::ItemReserved(moved) => (1, 0, moved.quantity),
            StockEvent::ItemReleased(moved) => (-1, 0, moved.quantity),
            StockEvent::ItemSold(moved) => (-1, 1, moved.quantity),
            StockEvent::ItemReturned(moved) => (0, -1, moved.quantity),
        };
        self.reserved += reserved * i128::from(quantity);
        self.sold += sold * i128::from(quantity);
    }
}

/// An order as its own stream has it.
pub(super) struct Placed {
    pub status: OrderStatus,
    /// Also where it was cancelled after that.
    pub was_confirmed: bool,
    pub by_saga: bool,
    pub total: i128,
    pub currency: Currency,
    pub wanted: BTreeMap<ItemId, u64>,
}

impl Placed {
    pub fn by(created: &OrderCreated) -> Self {
        let mut wanted: BTreeMap<ItemId, u64> = BTreeMap::new();
        for line in &created.items {
            // An item is called by the same name in both rooms.
            if let Ok(item) = ItemId::new(line.menu_item_id.as_str()) {
                *wanted.entry(item).or_default() += u64::from(line.quantity.get());
            }
        }
        Self {
            status: OrderStatus::Pending,
            was_confirmed: false,
            by_saga: created.saga.is_some(),
            total: created.total_amount.hundredths(),
            currency: created.currency.clone(),
            wanted,
        }
    }

    pub fn fold(&mut self, event: &OrderEvent) -> Result<(), IllegalEvent> {
        self.status = OrderStatus::after(Some(self.status), event.kind())?;
        self.was_confirmed |= self.status == OrderStatus::Confirmed;
        Ok(())
    }

    /// What its customer is to be told, each thing once.
    pub fn to_tell(&self) -> BTreeSet<NotificationKind> {
        let end = match self.status {
            OrderStatus::Cancelled => Some(NotificationKind::Cancelled),
            OrderStatus::Failed => Some(NotificationKind::Failed),
            _ => None,
        };
        let confirmed = self.was_confirmed.then_some(NotificationKind::Confirmed);
        confirmed.into_iter().chain(end).collect()
    }

    pub fn has_ended(&self) -> bool {
        use OrderStatus::{Cancelled, Confirmed, Failed};
        // Nobody has to go on with a manual order.
        !self.by_saga || matches!(self.status, Confirmed | Cancelled | Failed)
    }
}
