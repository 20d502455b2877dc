//! What customers are told, one rule a test.

use super::{
    Notification, NotificationCommand, NotificationError, NotificationEvent, NotificationKind,
    Recipient,
};
use crate::{Currency, CustomerId, EmailAddress, FailureReason, Money};

fn note() -> NotificationCommand {
    NotificationCommand::Note(Recipient {
        email: EmailAddress::new("ada@example.org").unwrap(),
        customer_id: CustomerId::new("customer-123").unwrap(),
        total_amount: Money::from_json_number("299.99").unwrap(),
        currency: Currency::default(),
        items: Vec::new(),
    })
}

fn tell(kind: NotificationKind) -> NotificationCommand {
    NotificationCommand::Tell {
        kind,
        reason: Some(FailureReason::of("late")),
    }
}

fn sent(kind: NotificationKind) -> NotificationCommand {
    NotificationCommand::Sent {
        kind,
        message_id: "<m@orders.example>".to_owned(),
    }
}

fn goes(steps: &[(NotificationCommand, &str)]) -> Notification {
    let mut notification = Notification::default();
    for (command, event) in steps {
        let decided = notification.decide(command.clone()).unwrap();
        assert_eq!(
            decided.as_ref().map_or("nothing", NotificationEvent::name),
            *event
        );
        if let Some(event) = decided {
            notification.fold(&event).unwrap();
        }
    }
    notification
}

#[test]
fn each_thing_is_told_once() {
    use NotificationKind::*;
    let notification = goes(&[
        (note(), "RecipientNoted"),
        (note(), "nothing"),
        (tell(Confirmed), "NotificationDue"),
        (tell(Confirmed), "nothing"),
        (sent(Confirmed), "NotificationSent"),
        (sent(Confirmed), "nothing"),
        (tell(Confirmed), "nothing"),
        (tell(Cancelled), "NotificationDue"),
    ]);
    let due = notification.due();
    let due: Vec<_> = due
        .iter()
        .map(|(kind, to, why)| (*kind, to.email.as_str(), *why))
        .collect();
    let late = FailureReason::of("late");
    assert_eq!(due, [(Cancelled, "ada@example.org", Some(&late))]);
    let refused = notification.decide(sent(Failed));
    assert_eq!(refused, Err(NotificationError::NotDue(Failed)));
    let json = serde_json::to_string(&notification).unwrap();
    assert_eq!(
        serde_json::from_str::<Notification>(&json).unwrap(),
        notification
    );
}

#[test]
fn without_an_address_that_is_noted_and_no_error() {
    let notification = goes(&[
        (tell(NotificationKind::Confirmed), "NotificationSkipped"),
        (tell(NotificationKind::Confirmed), "nothing"),
    ]);
    assert!(notification.due().is_empty());
}
