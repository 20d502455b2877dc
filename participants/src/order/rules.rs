use domain::order::{Order, OrderCommand, OrderEvent};
use domain::saga::{Does, Reaction, Seen, order};

use crate::Rules;

/// An order notes what inventory and payment have done.
pub struct OrderRules;

impl Rules for OrderRules {
    const CONSUMER: &'static str = "order-saga";
    type Aggregate = Order;

    fn react(table: &[Reaction], seen: &Seen<'_>) -> Vec<(Does, OrderCommand)> {
        order(table, seen)
    }

    fn decide(order: &Order, command: OrderCommand) -> Result<Vec<OrderEvent>, String> {
        order.decide(command).map_err(|error| error.to_string())
    }
}
