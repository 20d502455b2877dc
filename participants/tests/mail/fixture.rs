use std::sync::Arc;
use std::time::Duration;

use devstack::{CaughtMail, MailCatcher};
use domain::notification::{NotificationKind, Recipient};
use domain::order::{OrderLine, Quantity};
use domain::{Currency, CustomerId, EmailAddress, FailureReason, ItemName, MenuItemId, Money};
use participants::notification::mail::{Mail, MailArgs, Sender};
use participants::notification::smtp::{Mailer, SmtpArgs};
use runtime::ManualClock;
use runtime::config::Secret;

pub const PATIENCE: Duration = Duration::from_secs(20);

/// A sender, and the clock that dates its mails: 10 in the morning of 21 November 2026.
pub fn sender() -> (Sender, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at("2026-11-21T10:00:00Z".parse().unwrap()));
    let args = MailArgs::new("Köchin <orders@orders.example>", "orders.example").unwrap();
    (Sender::new(&args, clock.clone()), clock)
}

pub fn mailer(url: &str) -> Mailer {
    mailer_within(url, PATIENCE)
}

pub fn mailer_within(url: &str, timeout: Duration) -> Mailer {
    Mailer::new(&SmtpArgs::new(Secret::new(url), 4, timeout)).unwrap()
}

pub fn line(id: &str, name: &str, price: &str, quantity: u32) -> OrderLine {
    OrderLine {
        menu_item_id: MenuItemId::new(id).unwrap(),
        name: ItemName::new(name).unwrap(),
        price: Money::from_json_number(price).unwrap(),
        quantity: Quantity::new(quantity).unwrap(),
    }
}

pub fn recipient(email: &str, total: &str, items: Vec<OrderLine>) -> Recipient {
    Recipient {
        email: EmailAddress::new(email).unwrap(),
        customer_id: CustomerId::new("customer-123").unwrap(),
        total_amount: Money::from_json_number(total).unwrap(),
        currency: Currency::new("USD").unwrap(),
        items,
    }
}

/// Some mail to that address.
pub fn mail(order_id: &str, email: &str) -> Mail {
    let to = recipient(email, "25.98", vec![line("item-1", "Pizza", "12.99", 2)]);
    let (sender, _) = sender();
    let mail = sender.compose(order_id, NotificationKind::Confirmed, &to, None);
    mail.unwrap()
}

/// What the catcher got when this was written and sent. The only mail of this order and kind.
pub async fn caught(
    catcher: &MailCatcher,
    order_id: &str,
    kind: NotificationKind,
    to: &Recipient,
    reason: Option<&str>,
) -> CaughtMail {
    let reason = reason.map(FailureReason::of);
    let (sender, _) = sender();
    let mail = sender.compose(order_id, kind, to, reason.as_ref()).unwrap();
    mailer(catcher.url()).send(&mail).await.unwrap();
    let mut mails = catcher.mails(mail.message_id()).await.unwrap();
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}
