//! What an order makes of what it sees of its saga.

use super::given_when_then::{cancel, confirm, given, pizza, refused};
use super::{Order, OrderCommand, OrderEvent, OrderStatus, Progress, SagaTerms};
use crate::saga::SagaFlow;
use crate::{CancelReason, EmailAddress, FailureReason, PaymentId, PaymentMethod};

const FLOW: SagaFlow = SagaFlow::StockFirst;

fn created() -> OrderEvent {
    let terms = SagaTerms {
        flow: FLOW,
        payment_method: PaymentMethod::new("CreditCard").unwrap(),
        customer_email: Some(EmailAddress::new("ada@example.org").unwrap()),
    };
    OrderEvent::OrderCreated(pizza().by_saga(terms).into_event())
}

fn reserved() -> OrderEvent {
    OrderEvent::OrderStockReserved { saga_flow: FLOW }
}

fn pending() -> OrderEvent {
    OrderEvent::OrderPaymentPending { saga_flow: FLOW }
}

fn authorized() -> OrderEvent {
    OrderEvent::OrderPaymentAuthorized { saga_flow: FLOW }
}

fn payment_id() -> PaymentId {
    PaymentId::new("p-1").unwrap()
}

fn paid() -> OrderEvent {
    OrderEvent::OrderPaid {
        payment_id: payment_id(),
        saga_flow: FLOW,
    }
}

fn confirmed() -> OrderEvent {
    OrderEvent::OrderConfirmed {
        payment_id: payment_id(),
        saga_flow: Some(FLOW),
    }
}

fn cancelled(reason: &str) -> OrderEvent {
    OrderEvent::OrderCancelled {
        reason: CancelReason::new(reason).unwrap(),
        saga_flow: Some(FLOW),
    }
}

fn declined() -> OrderEvent {
    OrderEvent::OrderPaymentFailed {
        reason: FailureReason::new("declined").unwrap(),
        saga_flow: FLOW,
    }
}

fn failed() -> OrderEvent {
    OrderEvent::OrderFailed {
        reason: FailureReason::new("sold out").unwrap(),
        saga_flow: FLOW,
    }
}

fn sees(progress: Progress) -> OrderCommand {
    OrderCommand::Note(progress)
}

fn sees_payment() -> OrderCommand {
    sees(Progress::Paid {
        payment_id: payment_id(),
    })
}

fn sees_decline() -> OrderCommand {
    sees(Progress::PaymentFailed {
        reason: FailureReason::new("declined").unwrap(),
    })
}

fn gives_up(reason: &str) -> OrderCommand {
    sees(Progress::GivenUp {
        reason: CancelReason::new(reason).unwrap(),
    })
}

fn sees_failure() -> OrderCommand {
    sees(Progress::Failed {
        reason: FailureReason::new("sold out").unwrap(),
    })
}

fn status(events: &[OrderEvent]) -> OrderStatus {
    let mut order = Order::default();
    for event in events {
        order.fold(event.clone()).unwrap();
    }
    order.status().unwrap()
}

#[test]
fn one_after_the_other_to_the_confirmation() {
    use OrderStatus::*;
    let steps = [
        (sees(Progress::StockReserved), reserved(), StockReserved),
        (sees(Progress::PaymentPending), pending(), PaymentPending),
        (
            sees(Progress::PaymentAuthorized),
            authorized(),
            PaymentProcessing,
        ),
        (sees_payment(), confirmed(), Confirmed),
    ];
    let mut before = vec![created()];
    for (command, event, reached) in steps {
        given(&before)
            .when(command)
            .then_expect_events(vec![event.clone()]);
        before.push(event);
        assert_eq!(status(&before), reached);
    }
}

#[test]
fn whichever_of_stock_and_payment_is_seen_last_confirms() {
    given(&[created(), paid()])
        .when(sees(Progress::StockReserved))
        .then_expect_events(vec![reserved(), confirmed()]);
    given(&[created(), reserved()])
        .when(sees_payment())
        .then_expect_events(vec![confirmed()]);
    given(&[created(), pending()])
        .when(sees_payment())
        .then_expect_events(vec![paid()]);
    given(&[created(), pending()])
        .when(sees(Progress::StockReserved))
        .then_expect_events(vec![reserved()]);
    assert_eq!(
        status(&[created(), pending(), reserved()]),
        OrderStatus::PaymentPending
    );
    assert_eq!(status(&[created(), paid()]), OrderStatus::PaymentProcessing);
}

#[test]
fn what_is_seen_again_or_too_late_changes_nothing() {
    let all = [
        sees(Progress::StockReserved),
        sees(Progress::PaymentPending),
        sees(Progress::PaymentAuthorized),
        sees_payment(),
        sees_decline(),
        gives_up("too slow"),
        sees_failure(),
    ];
    for ended in [
        vec![created(), reserved(), confirmed()],
        vec![created(), reserved(), cancelled("late")],
        vec![created(), failed()],
    ] {
        for command in &all {
            given(&ended)
                .when(command.clone())
                .then_expect_events(vec![]);
        }
    }
    let processing = [created(), reserved(), pending(), authorized()];
    for command in &all[..3] {
        given(&processing)
            .when(command.clone())
            .then_expect_events(vec![]);
    }
    given(&[created(), paid()])
        .when(sees_payment())
        .then_expect_events(vec![]);
}

#[test]
fn a_failed_payment_waits_to_be_undone() {
    let declined = [created(), reserved(), pending(), declined()];
    given(&declined[..3])
        .when(sees_decline())
        .then_expect_events(vec![declined[3].clone()]);
    assert_eq!(status(&declined), OrderStatus::PaymentFailed);
    for late in [
        sees_payment(),
        sees(Progress::StockReserved),
        sees_decline(),
        sees_failure(),
    ] {
        given(&declined).when(late).then_expect_events(vec![]);
    }
    given(&declined)
        .when(gives_up("declined"))
        .then_expect_events(vec![cancelled("declined")]);
}

#[test]
fn time_and_the_customer_cancel_on_the_way() {
    for way in [
        vec![created()],
        vec![created(), reserved()],
        vec![created(), reserved(), pending()],
        vec![created(), reserved(), pending(), authorized()],
        vec![created(), reserved(), pending(), declined()],
    ] {
        given(&way)
            .when(gives_up("too slow"))
            .then_expect_events(vec![cancelled("too slow")]);
        given(&way)
            .when(cancel("late"))
            .then_expect_events(vec![cancelled("late")]);
    }
    given(&[created(), reserved(), confirmed()])
        .when(cancel("late"))
        .then_expect_events(vec![cancelled("late")]);
    given(&[created(), failed()])
        .when(cancel("late"))
        .then_expect_error(refused(OrderStatus::Failed, OrderStatus::Cancelled));
}

#[test]
fn nobody_confirms_a_saga_by_hand() {
    given(&[created()])
        .when(confirm("p-1"))
        .then_expect_error(refused(OrderStatus::Pending, OrderStatus::Confirmed));
    given(&[created(), reserved(), confirmed()])
        .when(confirm("p-1"))
        .then_expect_events(vec![]);
}

#[test]
fn a_manual_order_has_no_saga_to_see() {
    let manual = [OrderEvent::OrderCreated(pizza().into_event())];
    for command in [
        sees(Progress::StockReserved),
        sees_payment(),
        gives_up("too slow"),
    ] {
        given(&manual).when(command).then_expect_events(vec![]);
    }
    let mut order = Order::default();
    order.fold(manual[0].clone()).unwrap();
    assert!(order.fold(reserved()).is_err());
}

#[test]
fn a_saga_is_stored_with_its_terms() {
    let stored = serde_json::to_string(&created()).unwrap();
    assert!(stored.ends_with(
        r#""saga":{"flow":"stock-first","paymentMethod":"CreditCard","customerEmail":"ada@example.org"}}}"#
    ));
    assert_eq!(
        serde_json::from_str::<OrderEvent>(&stored).unwrap(),
        created()
    );
    let mut order = Order::default();
    for event in [created(), reserved()] {
        order.fold(event).unwrap();
    }
    let state = serde_json::to_string(&order).unwrap();
    assert!(
        state.ends_with(r#""stockReserved":true,"paid":null,"failure":null}}"#),
        "{state}"
    );
    assert_eq!(serde_json::from_str::<Order>(&state).unwrap(), order);
}
