use std::rc::Rc;

use domain::inventory::{Reservation, ReservationCommand, ReservationError, UnknownItems, decide};
use domain::notification::{Notification, NotificationCommand, message_id};
use domain::order::{Order, OrderCommand, OrderError};
use domain::payment::{Payment, PaymentCommand, PaymentError, ProviderSays};
use domain::saga::{self, Does, Reaction, Seen};

use crate::action::Channel;
use crate::given::{ORDER, intent_id};
use crate::world::World;

/// What a participant asks of its aggregate about one record.
pub enum Reactions {
    Order(Vec<(Does, OrderCommand)>),
    Inventory(Vec<(Does, ReservationCommand)>),
    Payment(Vec<(Does, PaymentCommand)>),
    Notification(Vec<(Does, NotificationCommand)>),
}

impl Reactions {
    pub fn are_none(&self) -> bool {
        match self {
            Self::Order(commands) => commands.is_empty(),
            Self::Inventory(commands) => commands.is_empty(),
            Self::Payment(commands) => commands.is_empty(),
            Self::Notification(commands) => commands.is_empty(),
        }
    }
}

impl World {
    /// To the record at `at` of a channel.
    pub fn reactions(&self, channel: Channel, at: usize, table: &[Reaction]) -> Reactions {
        use Channel::*;
        let seen = match channel {
            OrderReadsInventory | PaymentReadsInventory => {
                Seen::Inventory(&self.reservation.told[at])
            }
            OrderReadsPayment | InventoryReadsPayment => Seen::Payment(&self.payment.told[at]),
            InventoryReadsOrder | PaymentReadsOrder | NotificationReadsOrder => {
                Seen::Order(&self.order.told[at])
            }
        };
        match channel {
            OrderReadsInventory | OrderReadsPayment => Reactions::Order(saga::order(table, &seen)),
            InventoryReadsOrder | InventoryReadsPayment => {
                Reactions::Inventory(saga::inventory(table, &seen))
            }
            PaymentReadsOrder | PaymentReadsInventory => {
                Reactions::Payment(saga::payment(table, &seen))
            }
            NotificationReadsOrder => Reactions::Notification(saga::notification(table, &seen)),
        }
    }

    pub fn carry_out(&mut self, reactions: Reactions) -> Result<(), String> {
        match reactions {
            Reactions::Order(commands) => {
                for (does, command) in commands {
                    let before = self.order.told.len();
                    self.ask_order(command)?;
                    let told = self.order.told[before..].iter();
                    leads(does, told.map(|content| Seen::Order(content)))?;
                }
            }
            Reactions::Inventory(commands) => {
                for (does, command) in commands {
                    let before = self.reservation.told.len();
                    self.ask_reservation(command)?;
                    let told = self.reservation.told[before..].iter();
                    leads(does, told.map(|content| Seen::Inventory(content)))?;
                }
            }
            Reactions::Payment(commands) => {
                for (does, command) in commands {
                    let before = self.payment.told.len();
                    self.ask_payment(command)?;
                    let told = self.payment.told[before..].iter();
                    leads(does, told.map(|content| Seen::Payment(content)))?;
                }
            }
            Reactions::Notification(commands) => {
                for (_, command) in commands {
                    self.ask_notification(command)?;
                }
            }
        }
        Ok(())
    }

    pub fn ask_order(&mut self, command: OrderCommand) -> Result<(), String> {
        let events = match self.order.aggregate.decide(command) {
            // The customer comes too late.
            Err(OrderError::InvalidTransition { .. }) => return Ok(()),
            decided => decided.map_err(|e| format!("the order: {e}"))?,
        };
        for event in events {
            let fold = |order: &mut Order, event: &_| order.fold(Clone::clone(event));
            self.order = self.order.appended(&event, fold)?;
        }
        Ok(())
    }

    fn ask_reservation(&mut self, command: ReservationCommand) -> Result<(), String> {
        let reservation = &self.reservation.aggregate;
        let decision = match decide(
            ORDER,
            reservation,
            &self.stocks,
            command,
            UnknownItems::Reject,
        ) {
            Ok(Some(decision)) => decision,
            Ok(None) | Err(ReservationError::OrderIsOver) => return Ok(()),
            Err(e) => return Err(format!("the reservation: {e}")),
        };
        let fold = Reservation::fold;
        self.reservation = self.reservation.appended(&decision.outcome, fold)?;
        let stocks = Rc::make_mut(&mut self.stocks);
        for (_, item, event) in decision.items {
            let stock = stocks.get_mut(&item).ok_or("an item that nobody ordered")?;
            stock.fold(&event).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    fn ask_payment(&mut self, command: PaymentCommand) -> Result<(), String> {
        let event = match self.payment.aggregate.decide(command) {
            Err(PaymentError::OrderIsOver) => return Ok(()),
            decided => decided.map_err(|e| format!("the payment: {e}"))?,
        };
        if let Some(event) = event {
            self.payment = self.payment.appended(&event, Payment::fold)?;
        }
        Ok(())
    }

    /// What the provider says.
    pub fn hear(&mut self, says: ProviderSays) -> Result<(), String> {
        let intent_id = intent_id();
        self.ask_payment(PaymentCommand::Provider { intent_id, says })
    }

    fn ask_notification(&mut self, command: NotificationCommand) -> Result<(), String> {
        let decided = self.notification.aggregate.decide(command);
        if let Some(event) = decided.map_err(|e| format!("the notification: {e}"))? {
            self.notification = self.notification.appended(&event, Notification::fold)?;
        }
        Ok(())
    }

    pub fn mail(&mut self) -> Result<(), String> {
        let notification = self.notification.clone();
        for (kind, ..) in notification.aggregate.due() {
            let message_id = message_id(ORDER, kind, "orders.example");
            self.ask_notification(NotificationCommand::Sent { kind, message_id })?;
        }
        Ok(())
    }
}

/// What a reaction led to at once is what the table says.
fn leads<'a>(does: Does, told: impl Iterator<Item = Seen<'a>>) -> Result<(), String> {
    for signal in told.filter_map(|seen| seen.signal()) {
        if !does.leads_to().contains(&signal) {
            return Err(format!("{does:?} has led to {signal:?}"));
        }
    }
    Ok(())
}
