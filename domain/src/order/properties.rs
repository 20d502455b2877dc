//! What holds for every sequence of commands.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use proptest::prelude::*;

use super::{NewOrder, Order, OrderCommand, OrderEvent, OrderLine, Quantity};
use crate::{CancelReason, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId};

fn any_command() -> impl Strategy<Value = OrderCommand> {
    let create = (1i64..4, 1u32..4).prop_map(|(price, quantity)| {
        let price = Money::from_json_number(&price.to_string()).unwrap();
        let line = OrderLine {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price,
            quantity: Quantity::new(quantity).unwrap(),
        };
        let order = NewOrder::new(
            CustomerId::new("c").unwrap(),
            RestaurantId::new("r").unwrap(),
            line.total(),
            vec![line],
        );
        OrderCommand::Create(order.unwrap())
    });
    prop_oneof![
        create,
        "p-[1-2]".prop_map(|id| OrderCommand::Confirm {
            payment_id: PaymentId::new(id).unwrap()
        }),
        "(late|cold)".prop_map(|reason| OrderCommand::Cancel {
            reason: CancelReason::new(reason).unwrap()
        }),
    ]
}

/// Handles one command as the executor does, and returns its events.
fn handle(order: &mut Order, command: OrderCommand) -> Result<Vec<OrderEvent>, super::OrderError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sink = EventSink::default();
        order.handle(command, &(), &sink).await?;
        Ok(sink.collect().await)
    })
}

proptest! {
    #[test]
    fn the_fold_of_the_events_is_the_state_after_handling(
        commands in prop::collection::vec(any_command(), 0..24)
    ) {
        let mut order = Order::default();
        let mut stream: Vec<OrderEvent> = Vec::new();
        for command in commands {
            let before = order.clone();
            match handle(&mut order, command.clone()) {
                Ok(events) => {
                    prop_assert!(events.len() <= 1);
                    if events.is_empty() {
                        prop_assert_eq!(&before, &order);
                    }
                    stream.extend(events);
                    // The same again: a success that changes nothing.
                    let after = order.clone();
                    prop_assert_eq!(handle(&mut order, command).unwrap(), vec![]);
                    prop_assert_eq!(&after, &order);
                }
                Err(_) => prop_assert_eq!(&before, &order, "a refused command left something"),
            }
            let mut folded = Order::default();
            for event in &stream {
                folded.fold(event.clone()).unwrap();
            }
            prop_assert_eq!(&folded, &order);
        }
        // At most created, confirmed, cancelled, each once and in this order.
        let kinds: Vec<_> = stream.iter().map(OrderEvent::kind).collect();
        prop_assert!(kinds.is_sorted() && kinds.windows(2).all(|w| w[0] != w[1]));
    }

    #[test]
    fn stored_events_read_back_equal(commands in prop::collection::vec(any_command(), 0..8)) {
        let mut order = Order::default();
        for command in commands {
            for event in handle(&mut order, command).unwrap_or_default() {
                let json = serde_json::to_value(&event).unwrap();
                prop_assert_eq!(serde_json::from_value::<OrderEvent>(json).unwrap(), event);
            }
        }
        let json = serde_json::to_value(&order).unwrap();
        prop_assert_eq!(serde_json::from_value::<Order>(json).unwrap(), order);
    }
}
