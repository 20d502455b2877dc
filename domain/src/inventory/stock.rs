use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::contract::{Envelope, InventoryContent, Published};
use crate::{EventSourced, ItemId, StoreId};

use super::{ItemStocked, Pieces, StockEvent, StockFault, StockLevel};

/// One item's stock in one store; its id is [`super::stock_id`]. Serialises to its level, `null`
/// for an item that nobody has stocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stock {
    level: Option<StockLevel>,
    /// The first event that took what was not there. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<StockFault>,
}

/// What can be asked of a stock alone. The rest is asked for orders: [`super::decide`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockCommand {
    /// So many pieces are in the store, those included that are reserved.
    Count {
        store_id: StoreId,
        item_id: ItemId,
        quantity: Pieces,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    #[error("{reserved} pieces are promised to orders: there cannot be fewer")]
    BelowReserved { reserved: u64 },
    #[error("the stock's stream is damaged: {0}")]
    DamagedStream(#[from] StockFault),
}

impl Stock {
    /// `None` for an item that nobody has stocked.
    pub fn level(&self) -> Option<StockLevel> {
        self.level
    }

    pub fn damage(&self) -> Option<&StockFault> {
        self.damaged.as_ref()
    }

    /// Folds one event, or says why it cannot stand here.
    pub fn fold(&mut self, event: &StockEvent) -> Result<(), StockFault> {
        self.level = Some(self.level.unwrap_or_default().after(event)?);
        Ok(())
    }

    /// The event that `command` leads to; `None` when the stock is already as the command says.
    pub fn decide(&self, command: StockCommand) -> Result<Option<StockEvent>, StockError> {
        if let Some(damage) = &self.damaged {
            return Err(damage.clone().into());
        }
        let StockCommand::Count {
            store_id,
            item_id,
            quantity,
        } = command;
        let reserved = self.level.map_or(0, |level| level.reserved);
        if quantity.get() < reserved {
            return Err(StockError::BelowReserved { reserved });
        }
        if self.level.map(|level| level.on_hand()) == Some(quantity.get()) {
            return Ok(None);
        }
        Ok(Some(StockEvent::ItemStocked(ItemStocked {
            store_id,
            item_id,
            quantity,
        })))
    }
}

impl Aggregate for Stock {
    const TYPE: &'static str = "Stock";
    type Command = StockCommand;
    type Event = StockEvent;
    type Error = StockError;
    type Services = ();

    async fn handle(
        &mut self,
        command: StockCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), StockError> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: StockEvent) {
        if self.damaged.is_none() {
            self.damaged = self.fold(&event).err();
        }
    }
}

impl EventSourced for Stock {
    const STATE_TABLE: &'static str = "stock";

    fn published_schema_version(_: &StockEvent) -> u32 {
        1
    }

    fn publish(envelope: Envelope, event: StockEvent) -> Result<String, serde_json::Error> {
        let content = InventoryContent::from(event);
        Published { envelope, content }.to_json()
    }
}
