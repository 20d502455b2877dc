use serde::{Deserialize, Serialize};

use super::{SagaFlow, Signal};

/// Who takes part. Each reads the topics of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Participant {
    Order,
    Inventory,
    Payment,
    Notification,
}

impl Participant {
    pub const ALL: [Self; 4] = [
        Self::Order,
        Self::Inventory,
        Self::Payment,
        Self::Notification,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Inventory => "inventory",
            Self::Payment => "payment",
            Self::Notification => "notification",
        }
    }
}

/// What a participant does about what it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Does {
    NoteStockReserved,
    NotePaymentPending,
    NotePaymentAuthorized,
    NotePaid,
    NotePaymentFailed,
    CancelOrder,
    FailOrder,
    ReserveStock,
    ReleaseStock,
    SellStock,
    RequestPayment,
    ClosePayment,
    NoteRecipient,
    TellConfirmed,
    TellCancelled,
    TellFailed,
}

impl Does {
    pub fn by(self) -> Participant {
        match self {
            Self::NoteStockReserved
            | Self::NotePaymentPending
            | Self::NotePaymentAuthorized
            | Self::NotePaid
            | Self::NotePaymentFailed
            | Self::CancelOrder
            | Self::FailOrder => Participant::Order,
            Self::ReserveStock | Self::ReleaseStock | Self::SellStock => Participant::Inventory,
            Self::RequestPayment | Self::ClosePayment => Participant::Payment,
            Self::NoteRecipient | Self::TellConfirmed | Self::TellCancelled | Self::TellFailed => {
                Participant::Notification
            }
        }
    }

    /// In words, for the diagram.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoteStockReserved => "note the stock",
            Self::NotePaymentPending => "note the payment's way",
            Self::NotePaymentAuthorized => "note the payment's way",
            Self::NotePaid => "note the payment",
            Self::NotePaymentFailed => "note the failure",
            Self::CancelOrder => "cancel",
            Self::FailOrder => "fail",
            Self::ReserveStock => "reserve",
            Self::ReleaseStock => "release",
            Self::SellStock => "sell",
            Self::RequestPayment => "ask for the payment",
            Self::ClosePayment => "stop or refund",
            Self::NoteRecipient => "note the recipient",
            Self::TellConfirmed | Self::TellCancelled | Self::TellFailed => "tell the customer",
        }
    }

    /// What can come of it that somebody reacts to, at once or once the provider has answered.
    pub fn leads_to(self) -> &'static [Signal] {
        use Signal::*;
        match self {
            // Whichever of the two comes last.
            Self::NoteStockReserved | Self::NotePaid => &[OrderConfirmed],
            Self::CancelOrder => &[OrderCancelled],
            Self::FailOrder => &[OrderFailed],
            Self::ReserveStock => &[StockReserved, StockReservationFailed],
            Self::ReleaseStock => &[StockReleased],
            Self::RequestPayment => &[
                PaymentPending,
                PaymentAuthorized,
                PaymentCompleted,
                PaymentFailed,
            ],
            Self::ClosePayment => &[PaymentCancelled, PaymentRefunded],
            Self::NotePaymentPending
            | Self::NotePaymentAuthorized
            | Self::NotePaymentFailed
            | Self::SellStock
            | Self::NoteRecipient
            | Self::TellConfirmed
            | Self::TellCancelled
            | Self::TellFailed => &[],
        }
    }
}

/// Which orders a reaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flows {
    /// Manual orders, too.
    Every,
    Both,
    Only(SagaFlow),
}

impl Flows {
    /// `None` is a manual order's.
    pub fn contain(self, flow: Option<SagaFlow>) -> bool {
        match self {
            Self::Every => true,
            Self::Both => flow.is_some(),
            Self::Only(one) => flow == Some(one),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reaction {
    pub flows: Flows,
    pub seen: Signal,
    pub does: Does,
}

const fn on(flows: Flows, seen: Signal, does: Does) -> Reaction {
    Reaction { flows, seen, does }
}

/// The whole saga. Who sees something that is not in this table does nothing.
///
/// What is done last is undone first. Where the customer or the clock cancels an order, undoing
/// begins with the order's own event; where a participant fails, it begins with that, and the
/// order's event comes at the end of it.
pub const REACTIONS: &[Reaction] = {
    use Does::*;
    use Flows::*;
    use Signal::*;
    const STOCK_FIRST: Flows = Only(SagaFlow::StockFirst);
    const PAYMENT_FIRST: Flows = Only(SagaFlow::PaymentFirst);
    &[
        // The way there.
        on(STOCK_FIRST, OrderCreated, ReserveStock),
        on(STOCK_FIRST, StockReserved, RequestPayment),
        on(PAYMENT_FIRST, OrderCreated, RequestPayment),
        on(PAYMENT_FIRST, PaymentCompleted, ReserveStock),
        on(Both, StockReserved, NoteStockReserved),
        on(Both, PaymentPending, NotePaymentPending),
        on(Both, PaymentAuthorized, NotePaymentAuthorized),
        on(Both, PaymentCompleted, NotePaid),
        on(Both, OrderConfirmed, SellStock),
        // Stock is short.
        on(STOCK_FIRST, StockReservationFailed, FailOrder),
        on(PAYMENT_FIRST, StockReservationFailed, ClosePayment),
        on(PAYMENT_FIRST, PaymentRefunded, FailOrder),
        // The payment fails.
        on(Both, PaymentFailed, NotePaymentFailed),
        on(STOCK_FIRST, PaymentFailed, ReleaseStock),
        on(STOCK_FIRST, StockReleased, CancelOrder),
        on(PAYMENT_FIRST, PaymentFailed, CancelOrder),
        // Somebody cancels, or nobody ends it.
        on(Both, TimeIsUp, CancelOrder),
        on(STOCK_FIRST, OrderCancelled, ClosePayment),
        on(STOCK_FIRST, PaymentCancelled, ReleaseStock),
        on(STOCK_FIRST, PaymentRefunded, ReleaseStock),
        on(PAYMENT_FIRST, OrderCancelled, ReleaseStock),
        on(PAYMENT_FIRST, StockReleased, ClosePayment),
        // The customer hears of it.
        on(Every, OrderCreated, NoteRecipient),
        on(Every, OrderConfirmed, TellConfirmed),
        on(Every, OrderCancelled, TellCancelled),
        on(Every, OrderFailed, TellFailed),
    ]
};
