use std::collections::BTreeMap;

use domain::ItemId;
use domain::inventory::{
    Reservation, ReservationCommand, ReservationError, Stock, UnknownItems, decide, stock_id,
};
use domain::saga::{REACTIONS, inventory};
use event_store::{CommandContext, Database, Doorbell, Effects, EventStore, EventStoreError};

use crate::{Reactor, RecordFault, SeenEvent, Streams};

/// Reserves, releases and sells for orders.
pub struct InventoryReactor {
    reservations: EventStore<Reservation>,
    stock: EventStore<Stock>,
    topic: String,
    unknown: UnknownItems,
}

/// What a batch is about.
pub struct InventoryStreams {
    reservations: Streams<Reservation>,
    stock: Streams<Stock>,
}

impl InventoryReactor {
    /// `topic` is inventory's own.
    pub fn new(
        database: &Database,
        topic: &str,
        doorbell: &Doorbell,
        unknown: UnknownItems,
    ) -> Self {
        Self {
            reservations: EventStore::new(database.clone(), topic, doorbell.clone()),
            stock: EventStore::new(database.clone(), topic, doorbell.clone()),
            topic: topic.to_owned(),
            unknown,
        }
    }
}

fn commands(event: &SeenEvent) -> Vec<ReservationCommand> {
    let seen = event.seen();
    let does = seen
        .map(|seen| inventory(REACTIONS, &seen))
        .unwrap_or_default();
    does.into_iter().map(|(_, command)| command).collect()
}

impl Reactor for InventoryReactor {
    const CONSUMER: &'static str = "inventory";

    type Streams = InventoryStreams;

    fn concerns(&self, event: &SeenEvent) -> bool {
        !commands(event).is_empty()
    }

    async fn read(&self, events: &[SeenEvent]) -> Result<InventoryStreams, EventStoreError> {
        let concerned: Vec<_> = events
            .iter()
            .map(|event| (&event.envelope.aggregate_id, commands(event)))
            .filter(|(_, commands)| !commands.is_empty())
            .collect();
        let ids = concerned.iter().map(|(id, _)| (*id).clone());
        let reservations = Streams::read(&self.reservations, ids).await?;
        let mut items = Vec::new();
        for (id, commands) in &concerned {
            // One that cannot be read is refused when it is decided about.
            if let Ok(reservation) = reservations.get(id) {
                items.extend(commands.iter().flat_map(|c| reservation.stocks_of(c)));
            }
        }
        let ids = items.iter().map(|(store, item)| stock_id(store, item));
        let stock = Streams::read(&self.stock, ids).await?;
        Ok(InventoryStreams {
            reservations,
            stock,
        })
    }

    fn decide(
        &self,
        streams: &mut InventoryStreams,
        event: &SeenEvent,
        context: &CommandContext,
    ) -> Result<bool, RecordFault> {
        let order_id = &event.envelope.aggregate_id;
        let mut decided = false;
        for command in commands(event) {
            let reservation = streams.reservations.get(order_id)?;
            let mut items: BTreeMap<ItemId, Stock> = BTreeMap::new();
            for (store, item) in reservation.stocks_of(&command) {
                let stock = streams.stock.get(&stock_id(&store, &item))?;
                items.insert(item, stock.clone());
            }
            let decision = match decide(order_id, reservation, &items, command, self.unknown) {
                Ok(Some(decision)) => decision,
                Ok(None) | Err(ReservationError::OrderIsOver) => continue,
                Err(error) => return Err(RecordFault::Refused(error.to_string())),
            };
            for (store, item, event) in decision.items {
                streams
                    .stock
                    .append(&stock_id(&store, &item), event, context);
            }
            streams
                .reservations
                .append(order_id, decision.outcome, context);
            decided = true;
        }
        Ok(decided)
    }

    fn effects(
        &self,
        streams: &InventoryStreams,
        effects: &mut Effects,
    ) -> Result<(), EventStoreError> {
        streams.reservations.add_to(effects, &self.topic)?;
        streams.stock.add_to(effects, &self.topic)
    }

    fn written(&self, _: &InventoryStreams) {}
}
