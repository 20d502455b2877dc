use crate::provider::{Hook, Intent};

/// Who reads whose topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    OrderReadsInventory,
    OrderReadsPayment,
    InventoryReadsOrder,
    InventoryReadsPayment,
    PaymentReadsOrder,
    PaymentReadsInventory,
    NotificationReadsOrder,
}

pub const CHANNELS: [Channel; 7] = [
    Channel::OrderReadsInventory,
    Channel::OrderReadsPayment,
    Channel::InventoryReadsOrder,
    Channel::InventoryReadsPayment,
    Channel::PaymentReadsOrder,
    Channel::PaymentReadsInventory,
    Channel::NotificationReadsOrder,
];

#[derive(Clone, Copy, Debug)]
pub enum Action {
    Read(Channel),
    /// Reads again from an earlier record on.
    Rewind(Channel, u8),
    /// The provider is asked for what is wished for, and the answer arrives or is lost.
    Ask {
        answered: bool,
    },
    /// A call that was on its way, or is sent twice, arrives now. Nobody waits for its answer.
    Arrive(usize),
    Provider(Intent),
    Webhook(Hook),
    /// A webhook that was answered comes again.
    WebhookAgain(Hook),
    TimeIsUp,
    Cancel,
}
