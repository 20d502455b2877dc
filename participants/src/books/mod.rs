//! Whether stock, money and mails add up over all who take part in sagas: what an order got is
//! what was sold, what was paid is what was confirmed, and its customer was told once. [`Books`]
//! is what all of them have written down, without any I/O; [`BooksCheck`] reads it.

mod account;
mod check;
mod class;
mod item;
mod judge;
mod ledger;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::inventory::{ReservationEvent, StockEvent};
use domain::notification::NotificationEvent;
use domain::order::OrderEvent;
use domain::payment::PaymentEvent;
use domain::{ItemId, StoreId};

use account::{Account, Placed};
use item::Item;
use report::Findings;

pub use check::BooksCheck;
pub use class::Class;
pub use ledger::Ledger;
pub use report::{Ends, Finding, Mails, Pieces, Report, Sums};

/// Everything that is known of each order and of each item.
#[derive(Default)]
pub struct Books {
    accounts: BTreeMap<String, Account>,
    items: BTreeMap<(StoreId, ItemId), Item>,
    mails: Mails,
    /// Whether the provider's own books are among these.
    has_ledger: bool,
    findings: Findings,
}

impl Books {
    fn account(&mut self, order_id: &str) -> &mut Account {
        self.accounts.entry(order_id.to_owned()).or_default()
    }

    /// Events of a stream come in its order; streams come in any.
    pub fn order(&mut self, order_id: &str, event: &OrderEvent) {
        let account = self.account(order_id);
        match (&mut account.order, event) {
            (None, OrderEvent::OrderCreated(created)) => account.order = Some(Placed::by(created)),
            (Some(placed), event) => {
                if let Err(illegal) = placed.fold(event) {
                    self.findings.add(Class::Unreadable, order_id, illegal);
                }
            }
            (None, _) => {
                let beginning = "its stream does not begin with its creation";
                self.findings.add(Class::Unreadable, order_id, beginning);
            }
        }
    }

    pub fn stock(&mut self, event: &StockEvent) {
        let place = match event {
            StockEvent::ItemStocked(stocked) => (stocked.store_id.clone(), stocked.item_id.clone()),
            StockEvent::ItemReserved(moved)
            | StockEvent::ItemReleased(moved)
            | StockEvent::ItemSold(moved)
            | StockEvent::ItemReturned(moved) => {
                let place = (moved.store_id.clone(), moved.item_id.clone());
                let held = self.account(&moved.order_id).pieces.entry(place.clone());
                held.or_default().add(event);
                place
            }
        };
        self.items.entry(place).or_default().add(event);
    }

    pub fn reservation(&mut self, order_id: &str, event: &ReservationEvent) {
        if let ReservationEvent::StockReserved(reserved) = event {
            self.account(order_id).lines.extend(reserved.lines.clone());
        }
    }

    pub fn payment(&mut self, order_id: &str, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentCompleted(completed) => {
                self.account(order_id).captured += completed.amount.hundredths();
            }
            PaymentEvent::PaymentRefunded(refunded) => {
                self.account(order_id).refunded += refunded.amount.hundredths();
            }
            _ => {}
        }
    }

    pub fn notification(&mut self, order_id: &str, event: &NotificationEvent) {
        let kind = match event {
            NotificationEvent::NotificationSent(sent) => {
                self.mails.sent += 1;
                sent.kind
            }
            NotificationEvent::NotificationSkipped(skipped) => {
                self.mails.skipped += 1;
                skipped.kind
            }
            NotificationEvent::RecipientNoted(_) | NotificationEvent::NotificationDue(_) => return,
        };
        *self.account(order_id).told.entry(kind).or_default() += 1;
    }

    /// What the provider's own books say.
    pub fn ledger(&mut self, ledger: &Ledger) {
        self.has_ledger = true;
        for intent in &ledger.intents {
            self.account(&intent.order_id).provider += intent.kept();
        }
    }

    pub fn unreadable(&mut self, id: &str, reason: impl ToString) {
        self.findings.add(Class::Unreadable, id, reason);
    }
}
