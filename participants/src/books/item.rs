use domain::inventory::{Stock, StockEvent, StockLevel};

/// One item in one store, as its stream adds up by itself, without the rules that wrote it.
#[derive(Default)]
pub(super) struct Item {
    pub events: u64,
    /// All pieces that ever were there: those counted last, and those sold by then.
    pub set: i128,
    pub reserved: i128,
    pub sold: i128,
    /// As the store's own row has it, with its version.
    pub row: Option<(u64, Result<Stock, String>)>,
}

impl Item {
    pub fn add(&mut self, event: &StockEvent) {
        self.events += 1;
        match event {
            StockEvent::ItemStocked(stocked) => {
                self.set = i128::from(stocked.quantity.get()) + self.sold;
            }
            StockEvent::ItemReserved(moved) => self.reserved += i128::from(moved.quantity),
            StockEvent::ItemReleased(moved) => self.reserved -= i128::from(moved.quantity),
            StockEvent::ItemSold(moved) => {
                self.reserved -= i128::from(moved.quantity);
                self.sold += i128::from(moved.quantity);
            }
            StockEvent::ItemReturned(moved) => self.sold -= i128::from(moved.quantity),
        }
    }

    /// What is neither promised nor sold.
    pub fn available(&self) -> i128 {
        self.set - self.reserved - self.sold
    }

    /// What is wrong with it. A row that is ahead of the events that were read is on its way,
    /// unless everything is `settled`.
    pub fn fault(&self, settled: bool) -> Option<String> {
        let (available, reserved, sold) = (self.available(), self.reserved, self.sold);
        let shown = format!("{available} available, {reserved} reserved, {sold} sold");
        if available < 0 || reserved < 0 || sold < 0 {
            return Some(format!("less than nothing: {shown}"));
        }
        match &self.row {
            None => Some("it has no row".to_owned()),
            Some((version, _)) if *version > self.events && !settled => None,
            Some((version, _)) if *version != self.events => Some(format!(
                "its row is of version {version}, not {}",
                self.events
            )),
            Some((_, Err(unreadable))) => Some(format!("its row cannot be read: {unreadable}")),
            Some((_, Ok(stock))) => {
                let level = stock.level().unwrap_or_default();
                (!self.agrees(level)).then(|| {
                    format!(
                        "its events say {shown}, and its row {} available, {} reserved, {} sold",
                        level.available, level.reserved, level.sold
                    )
                })
            }
        }
    }

    fn agrees(&self, level: StockLevel) -> bool {
        i128::from(level.available) == self.available()
            && i128::from(level.reserved) == self.reserved
            && i128::from(level.sold) == self.sold
    }
}
