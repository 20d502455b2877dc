use std::convert::Infallible;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::contract::{Envelope, InventoryContent, Published};
use crate::{EventSourced, ItemId, StoreId};

use super::{ReservationCommand, ReservationEvent, ReservedLine};

/// What one order has of the stock; its id is the order's. Serialises to its state, `null` before
/// there was anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reservation {
    state: Option<ReservationState>,
    /// The first event that cannot stand where it does. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    tag = "status",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum ReservationState {
    Reserved {
        store_id: StoreId,
        lines: Vec<ReservedLine>,
    },
    /// Something was short.
    Failed,
    Sold {
        store_id: StoreId,
        lines: Vec<ReservedLine>,
    },
    /// The order is over.
    Released,
}

impl Reservation {
    /// `None` before there was anything.
    pub fn state(&self) -> Option<&ReservationState> {
        self.state.as_ref()
    }

    /// The event that cannot stand where it does.
    pub fn damage(&self) -> Option<&'static str> {
        self.damaged
    }

    /// Folds one event, or gives its name where it cannot stand here.
    pub fn fold(&mut self, event: &ReservationEvent) -> Result<(), &'static str> {
        use ReservationState::*;
        let next = match (event, self.state.take()) {
            (ReservationEvent::StockReserved(reserved), None) => Reserved {
                store_id: reserved.store_id.clone(),
                lines: reserved.lines.clone(),
            },
            (ReservationEvent::StockReservationFailed(_), None) => Failed,
            (ReservationEvent::StockReleased(_), None | Some(Reserved { .. } | Sold { .. })) => {
                Released
            }
            (ReservationEvent::StockSold(_), Some(Reserved { store_id, lines })) => {
                Sold { store_id, lines }
            }
            (event, before) => {
                self.state = before;
                return Err(event.name());
            }
        };
        self.state = Some(next);
        Ok(())
    }

    /// The stocks that [`super::decide`] must know of for this command.
    pub fn stocks_of(&self, command: &ReservationCommand) -> Vec<(StoreId, ItemId)> {
        match (&self.state, command) {
            (None, ReservationCommand::Reserve { stock, .. }) => {
                let lines = stock.lines.iter();
                lines
                    .map(|line| (stock.store_id.clone(), line.item_id.clone()))
                    .collect()
            }
            (
                Some(
                    ReservationState::Reserved { store_id, lines }
                    | ReservationState::Sold { store_id, lines },
                ),
                ReservationCommand::Release { .. } | ReservationCommand::Sell { .. },
            ) => {
                let counted = lines.iter().filter(|line| line.counted);
                counted
                    .map(|line| (store_id.clone(), line.item_id.clone()))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Aggregate for Reservation {
    const TYPE: &'static str = "Reservation";
    /// Never decided alone: [`super::decide`].
    type Command = Infallible;
    type Event = ReservationEvent;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: Infallible,
        _services: &(),
        _sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        match command {}
    }

    fn apply(&mut self, event: ReservationEvent) {
        if self.damaged.is_none() {
            self.damaged = self.fold(&event).err();
        }
    }
}

impl EventSourced for Reservation {
    const STATE_TABLE: &'static str = "reservations";

    fn published_schema_version(_: &ReservationEvent) -> u32 {
        1
    }

    fn publish(envelope: Envelope, event: ReservationEvent) -> Result<String, serde_json::Error> {
        let content = InventoryContent::from(event);
        Published { envelope, content }.to_json()
    }
}
