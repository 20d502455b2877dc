use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::contract::{Envelope, PublishedOrderEvent};
use crate::{CancelReason, CustomerId, EventSourced, Money, PaymentId, RestaurantId};

use super::{IllegalEvent, OrderCommand, OrderError, OrderEvent, OrderLine, OrderStatus};

/// An order, folded from its events. Serialises to its current state, `null` before it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Order {
    placed: Option<PlacedOrder>,
    /// The first event that broke the state machine. `apply` cannot fail, so the fault is kept
    /// and every later command is refused.
    #[serde(skip)]
    damaged: Option<IllegalEvent>,
}

/// The state of an order that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedOrder {
    pub status: OrderStatus,
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    pub total_amount: Money,
    pub items: Vec<OrderLine>,
    /// Set since the confirmation, also after a later cancellation.
    pub payment_id: Option<PaymentId>,
    pub cancel_reason: Option<CancelReason>,
}

impl Order {
    /// `None` before the order exists.
    pub fn placed(&self) -> Option<&PlacedOrder> {
        self.placed.as_ref()
    }

    pub fn status(&self) -> Option<OrderStatus> {
        self.placed.as_ref().map(|order| order.status)
    }

    /// Folds one event, or says why it cannot stand here.
    pub fn fold(&mut self, event: OrderEvent) -> Result<(), IllegalEvent> {
        let status = OrderStatus::after(self.status(), event.kind())?;
        match (event, &mut self.placed) {
            (OrderEvent::OrderCreated(created), placed) => {
                *placed = Some(PlacedOrder {
                    status,
                    customer_id: created.customer_id,
                    restaurant_id: created.restaurant_id,
                    total_amount: created.total_amount,
                    items: created.items,
                    payment_id: None,
                    cancel_reason: None,
                });
            }
            (OrderEvent::OrderConfirmed { payment_id }, Some(placed)) => {
                placed.status = status;
                placed.payment_id = Some(payment_id);
            }
            (OrderEvent::OrderCancelled { reason }, Some(placed)) => {
                placed.status = status;
                placed.cancel_reason = Some(reason);
            }
            (event, None) => {
                return Err(IllegalEvent {
                    status: None,
                    event: event.kind(),
                });
            }
        }
        Ok(())
    }

    /// The event that `command` leads to; `None` when the order is already as the command wants it.
    fn decide(&self, command: OrderCommand) -> Result<Option<OrderEvent>, OrderError> {
        if let Some(damage) = &self.damaged {
            return Err(damage.clone().into());
        }
        let event = match command {
            OrderCommand::Create(new) => OrderEvent::OrderCreated(new.into_event()),
            OrderCommand::Confirm { payment_id } => OrderEvent::OrderConfirmed { payment_id },
            OrderCommand::Cancel { reason } => OrderEvent::OrderCancelled { reason },
        };
        match (
            OrderStatus::after(self.status(), event.kind()),
            &self.placed,
        ) {
            (Ok(_), _) => Ok(Some(event)),
            (Err(_), None) => Err(OrderError::NotFound),
            (Err(_), Some(order)) if order.is_result_of(&event) => Ok(None),
            (Err(_), Some(order)) => Err(OrderError::InvalidTransition {
                from: order.status,
                to: match event {
                    OrderEvent::OrderCreated(_) => OrderStatus::Pending,
                    OrderEvent::OrderConfirmed { .. } => OrderStatus::Confirmed,
                    OrderEvent::OrderCancelled { .. } => OrderStatus::Cancelled,
                },
            }),
        }
    }
}

impl PlacedOrder {
    /// Whether `event`, with this content, is what brought the order where it is now.
    fn is_result_of(&self, event: &OrderEvent) -> bool {
        match event {
            OrderEvent::OrderCreated(created) => {
                self.status == OrderStatus::Pending
                    && self.customer_id == created.customer_id
                    && self.restaurant_id == created.restaurant_id
                    && self.total_amount == created.total_amount
                    && self.items == created.items
            }
            OrderEvent::OrderConfirmed { payment_id } => {
                self.status == OrderStatus::Confirmed
                    && self.payment_id.as_ref() == Some(payment_id)
            }
            OrderEvent::OrderCancelled { reason } => {
                self.status == OrderStatus::Cancelled && self.cancel_reason.as_ref() == Some(reason)
            }
        }
    }
}

impl Aggregate for Order {
    const TYPE: &'static str = "Order";
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Error = OrderError;
    type Services = ();

    async fn handle(
        &mut self,
        command: OrderCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), OrderError> {
        if let Some(event) = self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: OrderEvent) {
        if self.damaged.is_none() {
            self.damaged = self.fold(event).err();
        }
    }
}

impl EventSourced for Order {
    const STATE_TABLE: &'static str = "orders";
    const PUBLISHED_SCHEMA_VERSION: u32 = PublishedOrderEvent::SCHEMA_VERSION;

    fn publish(envelope: Envelope, event: OrderEvent) -> Result<String, serde_json::Error> {
        let content = event.into();
        PublishedOrderEvent { envelope, content }.to_json()
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::order::{NewOrder, OrderEventType, OrderRuleError, Quantity};
    use crate::{ItemName, MenuItemId};

    fn money(text: &str) -> Money {
        Money::from_json_number(text).unwrap()
    }

    fn line(price: &str, quantity: u32) -> OrderLine {
        OrderLine {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price: money(price),
            quantity: Quantity::new(quantity).unwrap(),
        }
    }

    fn new_order(total: &str, items: Vec<OrderLine>) -> Result<NewOrder, OrderRuleError> {
        NewOrder::new(
            CustomerId::new("customer-123").unwrap(),
            RestaurantId::new("restaurant-456").unwrap(),
            money(total),
            items,
        )
    }

    fn pizza() -> NewOrder {
        new_order("45.99", vec![line("12.99", 2)]).unwrap()
    }

    fn created() -> OrderEvent {
        OrderEvent::OrderCreated(pizza().into_event())
    }

    fn confirmed(payment: &str) -> OrderEvent {
        OrderEvent::OrderConfirmed {
            payment_id: PaymentId::new(payment).unwrap(),
        }
    }

    fn cancelled(reason: &str) -> OrderEvent {
        OrderEvent::OrderCancelled {
            reason: CancelReason::new(reason).unwrap(),
        }
    }

    fn confirm(payment: &str) -> OrderCommand {
        OrderCommand::Confirm {
            payment_id: PaymentId::new(payment).unwrap(),
        }
    }

    fn cancel(reason: &str) -> OrderCommand {
        OrderCommand::Cancel {
            reason: CancelReason::new(reason).unwrap(),
        }
    }

    fn given(events: &[OrderEvent]) -> cqrs_es::test::AggregateTestExecutor<Order> {
        TestFramework::with(()).given(events.to_vec())
    }

    fn refused(from: OrderStatus, to: OrderStatus) -> OrderError {
        OrderError::InvalidTransition { from, to }
    }

    #[test]
    fn an_order_is_created() {
        given(&[])
            .when(OrderCommand::Create(pizza()))
            .then_expect_events(vec![created()]);
    }

    #[test]
    fn a_pending_order_is_confirmed_or_cancelled() {
        given(&[created()])
            .when(confirm("p-1"))
            .then_expect_events(vec![confirmed("p-1")]);
        given(&[created()])
            .when(cancel("late"))
            .then_expect_events(vec![cancelled("late")]);
    }

    #[test]
    fn a_confirmed_order_is_cancelled() {
        given(&[created(), confirmed("p-1")])
            .when(cancel("late"))
            .then_expect_events(vec![cancelled("late")]);
    }

    #[test]
    fn the_same_again_is_a_success_without_an_event() {
        given(&[created()])
            .when(OrderCommand::Create(pizza()))
            .then_expect_events(vec![]);
        given(&[created(), confirmed("p-1")])
            .when(confirm("p-1"))
            .then_expect_events(vec![]);
        given(&[created(), cancelled("late")])
            .when(cancel("late"))
            .then_expect_events(vec![]);
    }

    #[test]
    fn other_content_is_an_invalid_transition() {
        use OrderStatus::*;
        let dearer = new_order("46.99", vec![line("12.99", 2)]).unwrap();
        given(&[created()])
            .when(OrderCommand::Create(dearer))
            .then_expect_error(refused(Pending, Pending));
        given(&[created(), confirmed("p-1")])
            .when(confirm("p-2"))
            .then_expect_error(refused(Confirmed, Confirmed));
        given(&[created(), cancelled("late")])
            .when(cancel("cold"))
            .then_expect_error(refused(Cancelled, Cancelled));
    }

    #[test]
    fn a_cancelled_order_stays_cancelled() {
        use OrderStatus::*;
        given(&[created(), confirmed("p-1"), cancelled("late")])
            .when(confirm("p-1"))
            .then_expect_error(refused(Cancelled, Confirmed));
        given(&[created(), cancelled("late")])
            .when(OrderCommand::Create(pizza()))
            .then_expect_error(refused(Cancelled, Pending));
    }

    #[test]
    fn what_does_not_exist_cannot_be_confirmed_or_cancelled() {
        given(&[])
            .when(confirm("p-1"))
            .then_expect_error(OrderError::NotFound);
        given(&[])
            .when(cancel("late"))
            .then_expect_error(OrderError::NotFound);
    }

    #[test]
    fn a_damaged_stream_refuses_everything() {
        let damage = IllegalEvent {
            status: Some(OrderStatus::Cancelled),
            event: OrderEventType::OrderConfirmed,
        };
        given(&[created(), cancelled("late"), confirmed("p-1")])
            .when(cancel("late"))
            .then_expect_error(OrderError::DamagedStream(damage));
    }

    #[test]
    fn rules_over_the_whole_order() {
        assert!(new_order("25.98", vec![line("12.99", 2)]).is_ok());
        assert_eq!(new_order("1", vec![]), Err(OrderRuleError::NoItems));
        assert!(new_order("200", vec![line("1", 1); 200]).is_ok());
        assert_eq!(
            new_order("201", vec![line("1", 1); 201]),
            Err(OrderRuleError::TooManyItems { count: 201 })
        );
        assert_eq!(
            new_order("25.97", vec![line("12.99", 2)]),
            Err(OrderRuleError::TotalBelowItems {
                total: money("25.97"),
                items: money("25.98"),
            })
        );
        // The largest order that can be written down: compared, not overflown.
        let dearest = new_order("1e12", vec![line("1e12", 10_000); 200]);
        assert!(matches!(
            dearest,
            Err(OrderRuleError::TotalBelowItems { .. })
        ));
    }

    #[test]
    fn quantity_is_1_to_10000() {
        assert!(Quantity::new(0).is_err());
        assert!(Quantity::new(10_000).is_ok());
        assert!(Quantity::new(10_001).is_err());
    }

    #[test]
    fn the_current_state_is_flat_json() {
        let mut order = Order::default();
        assert_eq!(serde_json::to_string(&order).unwrap(), "null");
        order.apply(created());
        order.apply(confirmed("p-1"));
        let json = serde_json::to_string(&order).unwrap();
        assert_eq!(
            json,
            r#"{"status":"CONFIRMED","customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":"45.99","items":[{"menuItemId":"item-1","name":"Pizza","price":"12.99","quantity":2}],"paymentId":"p-1","cancelReason":null}"#
        );
        assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    }
}
