//! Given these events, when this command, then these events: the order's rules, one a test.

use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;

use super::{
    IllegalEvent, NewOrder, Order, OrderCommand, OrderError, OrderEvent, OrderEventType, OrderLine,
    OrderRuleError, OrderStatus, Quantity,
};
use crate::{
    CancelReason, Currency, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId,
};

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

pub(super) fn pizza() -> NewOrder {
    new_order("45.99", vec![line("12.99", 2)]).unwrap()
}

fn created() -> OrderEvent {
    OrderEvent::OrderCreated(pizza().into_event())
}

fn confirmed(payment: &str) -> OrderEvent {
    OrderEvent::OrderConfirmed {
        payment_id: PaymentId::new(payment).unwrap(),
        saga_flow: None,
    }
}

fn cancelled(reason: &str) -> OrderEvent {
    OrderEvent::OrderCancelled {
        reason: CancelReason::new(reason).unwrap(),
        saga_flow: None,
    }
}

pub(super) fn confirm(payment: &str) -> OrderCommand {
    OrderCommand::Confirm {
        payment_id: PaymentId::new(payment).unwrap(),
    }
}

pub(super) fn cancel(reason: &str) -> OrderCommand {
    OrderCommand::Cancel {
        reason: CancelReason::new(reason).unwrap(),
    }
}

pub(super) fn given(events: &[OrderEvent]) -> cqrs_es::test::AggregateTestExecutor<Order> {
    TestFramework::with(()).given(events.to_vec())
}

pub(super) fn refused(from: OrderStatus, to: OrderStatus) -> OrderError {
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
    let dollars = pizza().in_currency(Currency::new("USD").unwrap());
    given(&[created()])
        .when(OrderCommand::Create(dollars))
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
        r#"{"status":"CONFIRMED","customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":"45.99","currency":"EUR","items":[{"menuItemId":"item-1","name":"Pizza","price":"12.99","quantity":2}],"paymentId":"p-1","cancelReason":null}"#
    );
    assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    // As it was stored before there were currencies.
    let old = json.replace(r#""currency":"EUR","#, "");
    assert_eq!(serde_json::from_str::<Order>(&old).unwrap(), order);
}
