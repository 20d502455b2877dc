//! Orders that are written without any service at work.

use domain::order::{NewOrder, Order, OrderCommand, OrderLine, Quantity};
use domain::{CancelReason, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId};
use event_store::{CommandContext, CommandExecutor, Doorbell, EventStore, ExpectedVersion};

use crate::backend::{World, unique};

impl World {
    pub fn store(&self) -> EventStore<Order> {
        EventStore::new(self.database(), &self.topic, Doorbell::default())
    }

    /// Creates, confirms and cancels an order at 10:00:01, :02 and :03: the first so many of that.
    pub async fn append_order(&self, id: &str, events: usize) {
        let price = Money::from_json_number("12.99").unwrap();
        let line = OrderLine {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price,
            quantity: Quantity::new(1).unwrap(),
        };
        let create = NewOrder::new(
            CustomerId::new("customer-1").unwrap(),
            RestaurantId::new("restaurant-1").unwrap(),
            price,
            vec![line],
        );
        let commands = [
            OrderCommand::Create(create.unwrap()),
            OrderCommand::Confirm {
                payment_id: PaymentId::new("p-1").unwrap(),
            },
            OrderCommand::Cancel {
                reason: CancelReason::new("late").unwrap(),
            },
        ];
        let executor = CommandExecutor::new(self.store(), ());
        for (second, command) in (1..).zip(commands).take(events) {
            let context = CommandContext {
                command_id: unique(),
                correlation_id: "correlation-1".to_owned(),
                traceparent: None,
                occurred_on: format!("2026-11-21T10:00:0{second}Z").parse().unwrap(),
            };
            executor
                .execute(id, ExpectedVersion::Any, command, &context)
                .await
                .unwrap();
        }
    }
}
