use domain::order::{Order, OrderStatus};

use crate::Changed;

/// Counts the steps that an order took, each by its event.
pub fn count_transitions(changed: &Changed<'_, Order>) {
    let mut status = changed.before.status();
    for event in &changed.events {
        let Ok(to) = OrderStatus::after(status, event.kind()) else {
            return;
        };
        let from = status.map_or("NONE", OrderStatus::as_str);
        metrics::counter!("order_state_transitions_total", "from" => from, "to" => to.as_str())
            .increment(1);
        status = Some(to);
    }
}
