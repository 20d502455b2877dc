//! What holds for everything that an order can see of its saga, in any order.

use proptest::prelude::*;

use super::given_when_then::pizza;
use super::{Order, OrderCommand, OrderEvent, OrderEventType, OrderStatus, Progress, SagaTerms};
use crate::saga::SagaFlow;
use crate::{CancelReason, FailureReason, PaymentId, PaymentMethod};

fn any_command() -> impl Strategy<Value = OrderCommand> {
    let reason = || FailureReason::of("declined");
    prop::sample::select(vec![
        OrderCommand::Note(Progress::StockReserved),
        OrderCommand::Note(Progress::PaymentPending),
        OrderCommand::Note(Progress::PaymentAuthorized),
        OrderCommand::Note(Progress::Paid {
            payment_id: PaymentId::new("p-1").unwrap(),
        }),
        OrderCommand::Note(Progress::PaymentFailed { reason: reason() }),
        OrderCommand::Note(Progress::GivenUp {
            reason: reason().into(),
        }),
        OrderCommand::Note(Progress::Failed { reason: reason() }),
        OrderCommand::Cancel {
            reason: CancelReason::new("late").unwrap(),
        },
    ])
}

proptest! {
    #[test]
    fn what_is_seen_is_recorded_once_and_an_end_is_an_end(
        flow in prop::sample::select(SagaFlow::ALL.to_vec()),
        commands in prop::collection::vec(any_command(), 0..24),
    ) {
        let created = pizza().by_saga(SagaTerms {
            flow,
            payment_method: PaymentMethod::new("CreditCard").unwrap(),
            customer_email: None,
        });
        let mut order = Order::default();
        order.fold(OrderEvent::OrderCreated(created.into_event())).unwrap();
        let mut kinds: Vec<OrderEventType> = Vec::new();
        for command in commands {
            let noted = matches!(command, OrderCommand::Note(_));
            let before = order.status().unwrap();
            let Ok(events) = order.decide(command.clone()) else {
                prop_assert!(!noted, "what is seen is never refused");
                continue;
            };
            for event in events {
                prop_assert!(!kinds.contains(&event.kind()), "{:?} twice", event);
                kinds.push(event.kind());
                order.fold(event).unwrap();
            }
            prop_assert!(!matches!(order.decide(command), Ok(again) if !again.is_empty()));
            // From an end only the customer leads on, from a confirmation to a cancellation.
            let placed = order.placed().unwrap();
            match before {
                OrderStatus::Cancelled | OrderStatus::Failed => {
                    prop_assert_eq!(placed.status, before);
                }
                OrderStatus::Confirmed if noted => prop_assert_eq!(placed.status, before),
                _ => {}
            }
            if placed.status == OrderStatus::Confirmed {
                prop_assert!(placed.payment_id.is_some());
                prop_assert!(placed.saga.as_ref().unwrap().stock_reserved);
            }
        }
        let json = serde_json::to_value(&order).unwrap();
        prop_assert_eq!(serde_json::from_value::<Order>(json).unwrap(), order);
    }
}
