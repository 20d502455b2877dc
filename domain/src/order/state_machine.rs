use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{IllegalEvent, OrderEventType};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    Pending,
    Confirmed,
    Cancelled,
    StockReserved,
    PaymentPending,
    PaymentProcessing,
    /// What had been done for the order is being undone.
    PaymentFailed,
    Failed,
}

impl OrderStatus {
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Confirmed,
        Self::Cancelled,
        Self::StockReserved,
        Self::PaymentPending,
        Self::PaymentProcessing,
        Self::PaymentFailed,
        Self::Failed,
    ];

    /// As it is stored and shown everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Confirmed => "CONFIRMED",
            Self::Cancelled => "CANCELLED",
            Self::StockReserved => "STOCK_RESERVED",
            Self::PaymentPending => "PAYMENT_PENDING",
            Self::PaymentProcessing => "PAYMENT_PROCESSING",
            Self::PaymentFailed => "PAYMENT_FAILED",
            Self::Failed => "FAILED",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Where `event` takes an order that is in `status` (`None`: not there yet).
    pub fn after(status: Option<Self>, event: OrderEventType) -> Result<Self, IllegalEvent> {
        TRANSITIONS
            .iter()
            .find(|t| t.from == status && t.event == event)
            .map(|t| t.to)
            .ok_or(IllegalEvent { status, event })
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// `None`: the order does not exist yet.
    pub from: Option<OrderStatus>,
    pub event: OrderEventType,
    pub to: OrderStatus,
}

const fn on(from: Option<OrderStatus>, event: OrderEventType, to: OrderStatus) -> Transition {
    Transition { from, event, to }
}

/// The whole state machine. Whatever is not in this table cannot happen.
///
/// Manual orders know the first block only. In a saga the order sees what others did, and topics
/// overtake each other: what is seen late is recorded and leads nowhere.
pub const TRANSITIONS: &[Transition] = {
    use OrderEventType::*;
    use OrderStatus::*;
    &[
        on(None, OrderCreated, Pending),
        on(Some(Pending), OrderConfirmed, Confirmed),
        on(Some(Pending), OrderCancelled, Cancelled),
        on(Some(Confirmed), OrderCancelled, Cancelled),
        // A saga on its way.
        on(Some(Pending), OrderStockReserved, StockReserved),
        on(Some(Pending), OrderPaymentPending, PaymentPending),
        on(Some(Pending), OrderPaymentAuthorized, PaymentProcessing),
        on(Some(Pending), OrderPaid, PaymentProcessing),
        on(Some(StockReserved), OrderPaymentPending, PaymentPending),
        on(
            Some(StockReserved),
            OrderPaymentAuthorized,
            PaymentProcessing,
        ),
        on(Some(StockReserved), OrderConfirmed, Confirmed),
        on(Some(PaymentPending), OrderStockReserved, PaymentPending),
        on(
            Some(PaymentPending),
            OrderPaymentAuthorized,
            PaymentProcessing,
        ),
        on(Some(PaymentPending), OrderPaid, PaymentProcessing),
        on(Some(PaymentPending), OrderConfirmed, Confirmed),
        on(
            Some(PaymentProcessing),
            OrderStockReserved,
            PaymentProcessing,
        ),
        on(Some(PaymentProcessing), OrderPaid, PaymentProcessing),
        on(Some(PaymentProcessing), OrderConfirmed, Confirmed),
        // Its other ends.
        on(Some(Pending), OrderPaymentFailed, PaymentFailed),
        on(Some(StockReserved), OrderPaymentFailed, PaymentFailed),
        on(Some(PaymentPending), OrderPaymentFailed, PaymentFailed),
        on(Some(PaymentProcessing), OrderPaymentFailed, PaymentFailed),
        on(Some(PaymentFailed), OrderCancelled, Cancelled),
        on(Some(StockReserved), OrderCancelled, Cancelled),
        on(Some(PaymentPending), OrderCancelled, Cancelled),
        on(Some(PaymentProcessing), OrderCancelled, Cancelled),
        on(Some(Pending), OrderFailed, Failed),
        on(Some(PaymentPending), OrderFailed, Failed),
        on(Some(PaymentProcessing), OrderFailed, Failed),
    ]
};

/// [`TRANSITIONS`] as a Mermaid state diagram.
pub fn diagram() -> String {
    let mut lines = String::from("stateDiagram-v2\n");
    for t in TRANSITIONS {
        let from = t.from.map_or("[*]", OrderStatus::as_str);
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "    {from} --> {}: {}", t.to, t.event.as_str());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_leads_two_ways() {
        for t in TRANSITIONS {
            let same = TRANSITIONS
                .iter()
                .filter(|o| o.from == t.from && o.event == t.event);
            assert_eq!(same.count(), 1, "{t:?}");
        }
    }

    #[test]
    fn every_status_can_be_reached() {
        for status in OrderStatus::ALL {
            assert!(TRANSITIONS.iter().any(|t| t.to == status), "{status}");
        }
    }

    /// The document holds the diagram between its fences. After a change of the table:
    /// `UPDATE_DOCS=1 cargo test -p domain`.
    #[test]
    fn the_document_shows_the_table() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../docs/order-state-machine.md"
        );
        let document = std::fs::read_to_string(path).unwrap();
        let (head, rest) = document.split_once("```mermaid\n").unwrap();
        let (shown, tail) = rest.split_once("```").unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, format!("{head}```mermaid\n{}```{tail}", diagram())).unwrap();
        } else {
            assert_eq!(shown, diagram(), "run UPDATE_DOCS=1 cargo test -p domain");
        }
    }
}
