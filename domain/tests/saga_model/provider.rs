use domain::FailureReason;
use domain::payment::{ProviderSays, Wish};

use crate::given::terms;

/// Where the payment is at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    None,
    Created,
    Authorized,
    Captured,
    Declined,
    Cancelled,
    Refunded,
}

/// What webhooks tell. Each is a bit of a set: they have no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    Authorized = 1,
    Captured = 2,
    Declined = 4,
    Cancelled = 8,
    Refunded = 16,
}

impl Hook {
    pub const ALL: [Self; 5] = [
        Self::Authorized,
        Self::Captured,
        Self::Declined,
        Self::Cancelled,
        Self::Refunded,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Provider {
    pub intent: Intent,
    pub captures: u8,
    pub refunds: u8,
    /// Webhooks that were not answered yet, and all that were ever sent.
    pub open: u8,
    pub sent: u8,
}

impl Provider {
    pub fn new() -> Self {
        Self {
            intent: Intent::None,
            captures: 0,
            refunds: 0,
            open: 0,
            sent: 0,
        }
    }

    /// What it may do by itself. It may also do nothing, for ever.
    pub fn moves(&self) -> &'static [Intent] {
        match self.intent {
            Intent::Created => &[Intent::Authorized, Intent::Captured, Intent::Declined],
            Intent::Authorized => &[Intent::Captured, Intent::Declined],
            // Takes the money although it said that it would not.
            Intent::Declined | Intent::Cancelled => &[Intent::Captured],
            Intent::None | Intent::Captured | Intent::Refunded => &[],
        }
    }

    /// Whether somebody waits for it.
    pub fn owes_a_move(&self) -> bool {
        matches!(self.intent, Intent::Created | Intent::Authorized)
    }

    pub fn go(&mut self, to: Intent) {
        self.intent = to;
        let hook = match to {
            Intent::None | Intent::Created => return,
            Intent::Authorized => Hook::Authorized,
            Intent::Captured => {
                self.captures += 1;
                Hook::Captured
            }
            Intent::Declined => Hook::Declined,
            Intent::Cancelled => Hook::Cancelled,
            Intent::Refunded => {
                self.refunds += 1;
                Hook::Refunded
            }
        };
        self.open |= hook as u8;
        self.sent |= hook as u8;
    }

    /// A call under the order's key, any number of times.
    pub fn asked(&mut self, wish: &Wish) -> ProviderSays {
        match (wish, self.intent) {
            (Wish::Create(_), Intent::None) => self.go(Intent::Created),
            (Wish::Cancel, Intent::None | Intent::Created | Intent::Authorized) => {
                self.go(Intent::Cancelled);
            }
            (Wish::Refund { .. }, Intent::Captured) => self.go(Intent::Refunded),
            _ => {}
        }
        self.says()
    }

    fn says(&self) -> ProviderSays {
        match self.intent {
            Intent::None | Intent::Created => ProviderSays::Pending,
            Intent::Authorized => says(Hook::Authorized),
            Intent::Captured => says(Hook::Captured),
            Intent::Declined => says(Hook::Declined),
            Intent::Cancelled => says(Hook::Cancelled),
            Intent::Refunded => says(Hook::Refunded),
        }
    }
}

pub fn says(hook: Hook) -> ProviderSays {
    let (amount, currency) = (terms().amount, terms().currency);
    match hook {
        Hook::Authorized => ProviderSays::Authorized,
        Hook::Captured => ProviderSays::Captured { amount, currency },
        Hook::Declined => ProviderSays::Failed {
            reason: FailureReason::of("declined"),
        },
        Hook::Cancelled => ProviderSays::Cancelled,
        Hook::Refunded => ProviderSays::Refunded { amount, currency },
    }
}
