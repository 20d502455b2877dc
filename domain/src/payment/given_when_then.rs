//! The payment's rules, one a test.

use super::{
    Payment, PaymentCommand, PaymentError, PaymentEvent, PaymentTerms, ProviderSays, Wish,
};
use crate::saga::SagaFlow;
use crate::{Currency, FailureReason, IntentId, Money, PaymentMethod};

pub(super) fn terms() -> PaymentTerms {
    PaymentTerms {
        amount: money("299.99"),
        currency: Currency::default(),
        method: PaymentMethod::new("CreditCard").unwrap(),
    }
}

fn money(amount: &str) -> Money {
    Money::from_json_number(amount).unwrap()
}

pub(super) fn request() -> PaymentCommand {
    PaymentCommand::Request {
        saga_flow: SagaFlow::StockFirst,
        payment: terms(),
        stock: None,
    }
}

pub(super) fn close() -> PaymentCommand {
    PaymentCommand::Close {
        saga_flow: SagaFlow::StockFirst,
        reason: FailureReason::of("late"),
    }
}

pub(super) fn hears(says: ProviderSays) -> PaymentCommand {
    PaymentCommand::Provider {
        intent_id: IntentId::new("pi-1").unwrap(),
        says,
    }
}

pub(super) fn captured() -> ProviderSays {
    ProviderSays::Captured {
        amount: terms().amount,
        currency: terms().currency,
    }
}

pub(super) fn refunded() -> ProviderSays {
    ProviderSays::Refunded {
        amount: terms().amount,
        currency: terms().currency,
    }
}

pub(super) fn declined() -> ProviderSays {
    ProviderSays::Failed {
        reason: FailureReason::of("declined"),
    }
}

fn wish(payment: &Payment) -> &'static str {
    match payment.wish() {
        None => "nothing",
        Some(Wish::Create(_)) => "create",
        Some(Wish::Cancel) => "cancel",
        Some(Wish::Refund { .. }) => "refund",
    }
}

/// Each command with the event it leads to and what is wished for then.
fn goes(steps: &[(PaymentCommand, &str, &str)]) -> Payment {
    let mut payment = Payment::default();
    for (command, event, wished) in steps {
        let decided = payment.decide(command.clone()).unwrap();
        assert_eq!(
            decided.as_ref().map_or("nothing", PaymentEvent::name),
            *event,
            "{command:?}"
        );
        if let Some(event) = decided {
            payment.fold(&event).unwrap();
        }
        assert_eq!(wish(&payment), *wished, "after {command:?}");
    }
    payment
}

#[test]
fn one_after_the_other() {
    goes(&[
        (request(), "PaymentRequested", "create"),
        (hears(ProviderSays::Pending), "PaymentPending", "nothing"),
        (
            hears(ProviderSays::Authorized),
            "PaymentAuthorized",
            "nothing",
        ),
        (hears(captured()), "PaymentCompleted", "nothing"),
        (close(), "PaymentCancellationRequested", "refund"),
        (hears(refunded()), "PaymentRefunded", "nothing"),
    ]);
}

#[test]
fn webhooks_come_in_any_order_and_again() {
    goes(&[
        (request(), "PaymentRequested", "create"),
        (hears(captured()), "PaymentCompleted", "nothing"),
        (hears(captured()), "nothing", "nothing"),
        (hears(ProviderSays::Authorized), "nothing", "nothing"),
        (hears(ProviderSays::Pending), "nothing", "nothing"),
        (hears(declined()), "nothing", "nothing"),
        (request(), "nothing", "nothing"),
    ]);
    goes(&[
        (request(), "PaymentRequested", "create"),
        (
            hears(ProviderSays::Authorized),
            "PaymentAuthorized",
            "nothing",
        ),
        (hears(ProviderSays::Pending), "nothing", "nothing"),
    ]);
}

#[test]
fn what_is_captured_late_is_refunded() {
    for before in [
        vec![
            (hears(declined()), "PaymentFailed", "nothing"),
            (hears(captured()), "PaymentCompleted", "refund"),
            // It is refunded as it is.
            (close(), "nothing", "refund"),
        ],
        vec![
            (close(), "PaymentCancellationRequested", "cancel"),
            (hears(captured()), "PaymentCompleted", "refund"),
        ],
        vec![
            (close(), "PaymentCancellationRequested", "cancel"),
            (
                hears(ProviderSays::Cancelled),
                "PaymentCancelled",
                "nothing",
            ),
            (hears(captured()), "PaymentCompleted", "refund"),
        ],
    ] {
        let asked = vec![(request(), "PaymentRequested", "create")];
        let refund = vec![
            (hears(refunded()), "PaymentRefunded", "nothing"),
            (hears(refunded()), "nothing", "nothing"),
            (hears(captured()), "nothing", "nothing"),
            (close(), "nothing", "nothing"),
        ];
        goes(&[asked, before, refund].concat());
    }
}

#[test]
fn a_stopped_payment_ends_by_whatever_says_that_nothing_was_taken() {
    for says in [declined(), ProviderSays::Cancelled] {
        goes(&[
            (request(), "PaymentRequested", "create"),
            (close(), "PaymentCancellationRequested", "cancel"),
            (close(), "nothing", "cancel"),
            // Old news.
            (hears(ProviderSays::Pending), "nothing", "cancel"),
            (hears(ProviderSays::Authorized), "nothing", "cancel"),
            (hears(says), "PaymentCancelled", "nothing"),
            (hears(declined()), "nothing", "nothing"),
            (hears(ProviderSays::Cancelled), "nothing", "nothing"),
        ]);
    }
    // Stopped by the provider, without being asked to.
    goes(&[
        (request(), "PaymentRequested", "create"),
        (hears(ProviderSays::Cancelled), "PaymentFailed", "nothing"),
    ]);
}

#[test]
fn a_cancellation_may_be_faster_than_its_payment() {
    let payment = goes(&[
        (close(), "PaymentCancelled", "nothing"),
        (close(), "nothing", "nothing"),
    ]);
    assert_eq!(payment.decide(request()), Err(PaymentError::OrderIsOver));
    assert_eq!(
        payment.decide(hears(captured())),
        Err(PaymentError::NotRequested)
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let none = Payment::default();
    assert_eq!(
        none.decide(hears(captured())),
        Err(PaymentError::NotRequested)
    );
    let payment = goes(&[
        (request(), "PaymentRequested", "create"),
        (hears(ProviderSays::Pending), "PaymentPending", "nothing"),
    ]);
    let other = PaymentCommand::Provider {
        intent_id: IntentId::new("pi-2").unwrap(),
        says: captured(),
    };
    assert!(matches!(
        payment.decide(other),
        Err(PaymentError::OtherIntent { .. })
    ));
    for (amount, currency) in [("299.98", "EUR"), ("299.99", "USD")] {
        let part = ProviderSays::Captured {
            amount: money(amount),
            currency: Currency::new(currency).unwrap(),
        };
        let refused = payment.decide(hears(part));
        assert!(matches!(refused, Err(PaymentError::OtherAmount { .. })));
    }
    let unasked = payment.decide(hears(refunded()));
    assert_eq!(unasked, Err(PaymentError::RefundNotAskedFor));
}

#[test]
fn the_state_reads_back() {
    let payment = goes(&[
        (request(), "PaymentRequested", "create"),
        (hears(captured()), "PaymentCompleted", "nothing"),
    ]);
    let json = serde_json::to_value(&payment).unwrap();
    assert_eq!(json["requested"]["amount"], "299.99");
    assert_eq!(serde_json::from_value::<Payment>(json).unwrap(), payment);
    assert_eq!(serde_json::to_string(&Payment::default()).unwrap(), "null");
}
