use domain::FailureReason;
use domain::notification::{NotificationKind, Recipient};

use super::text;

/// What is said of an order, for both parts of the mail. Nothing is escaped yet.
pub(super) struct Wording {
    pub headline: String,
    pub opening: &'static str,
    pub reason: Option<String>,
}

impl Wording {
    pub fn of(
        order_id: &str,
        kind: NotificationKind,
        recipient: &Recipient,
        reason: Option<&FailureReason>,
    ) -> Self {
        let order_id = text::line(order_id);
        let (headline, opening) = match kind {
            NotificationKind::Confirmed => (
                format!("Your order {order_id} is confirmed"),
                "Thank you for your order. It is confirmed, with everything listed here.",
            ),
            NotificationKind::Cancelled => (
                format!("Your order {order_id} was cancelled"),
                "Your order was cancelled. You pay nothing for it: \
                 anything already paid is returned to you.",
            ),
            NotificationKind::Failed => (
                format!("Your order {order_id} could not be completed"),
                "We are sorry: your order could not be completed. You pay nothing for it: \
                 anything already paid is returned to you.",
            ),
        };
        let reason = match kind {
            NotificationKind::Confirmed => None,
            _ => reason.map(|reason| explained(reason.as_str(), recipient)),
        };
        Self {
            headline,
            opening,
            reason,
        }
    }

    pub fn subject(&self) -> &str {
        &self.headline
    }
}

/// The services' own reasons in other words; what somebody wrote is quoted.
fn explained(reason: &str, recipient: &Recipient) -> String {
    if let Some(items) = reason.strip_prefix("not enough in stock: ") {
        return out_of_stock(items, recipient);
    }
    match reason {
        "not finished in time" => "The order took longer than it may.".to_owned(),
        "cancelled by the payment provider" => {
            "The payment was cancelled by the payment provider.".to_owned()
        }
        "no reason given" => "No reason was given.".to_owned(),
        "declined" => "The payment was declined.".to_owned(),
        written => format!("Reason: {}", text::line(written)),
    }
}

/// With the names that the customer knows the items by, where the reason names items of the order.
fn out_of_stock(items: &str, recipient: &Recipient) -> String {
    let missing: Vec<&str> = items.split(", ").collect();
    let lines = recipient.items.iter();
    let names: Vec<String> = lines
        .filter(|line| missing.contains(&line.menu_item_id.as_str()))
        .map(|line| text::line(line.name.as_str()))
        .collect();
    if names.is_empty() {
        return "Something you ordered is out of stock.".to_owned();
    }
    format!("There was not enough in stock of: {}.", names.join(", "))
}
