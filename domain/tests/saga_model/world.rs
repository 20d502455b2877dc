use std::collections::BTreeMap;
use std::rc::Rc;

use domain::contract::{InventoryContent, NotificationContent, OrderContent, PaymentContent};
use domain::inventory::{Reservation, Stock};
use domain::notification::Notification;
use domain::order::{Order, OrderCommand, OrderStatus};
use domain::payment::{Payment, Wish};
use domain::saga::{self, Seen};
use domain::{CancelReason, ItemId};

use crate::action::{Action, CHANNELS, Channel};
use crate::circumstances::Circumstances;
use crate::given::{intent_id, new_order, stocks, terms};
use crate::provider::{Hook, Provider, says};
use crate::stream::{Stream, fingerprint};

#[derive(Clone)]
pub struct World {
    pub order: Rc<Stream<Order, OrderContent>>,
    pub reservation: Rc<Stream<Reservation, InventoryContent>>,
    pub payment: Rc<Stream<Payment, PaymentContent>>,
    pub notification: Rc<Stream<Notification, NotificationContent>>,
    /// Follow from the reservation's history.
    pub stocks: Rc<BTreeMap<ItemId, Stock>>,
    pub provider: Provider,
    read: [u8; 7],
    /// Calls that were made, by what they ask for.
    asked: [bool; 3],
    time_is_up: bool,
    cancels: u8,
    repeats: u8,
}

impl World {
    pub fn new(circumstances: &Circumstances) -> Self {
        let mut world = Self {
            order: Rc::new(Stream::new(Order::default())),
            reservation: Rc::new(Stream::new(Reservation::default())),
            payment: Rc::new(Stream::new(Payment::default())),
            notification: Rc::new(Stream::new(Notification::default())),
            stocks: Rc::new(stocks(circumstances.stocked)),
            provider: Provider::new(),
            read: [0; 7],
            asked: [false; 3],
            time_is_up: false,
            cancels: circumstances.cancels,
            repeats: circumstances.repeats,
        };
        let create = OrderCommand::Create(new_order(circumstances.flow));
        world.ask_order(create).unwrap();
        world.settle(circumstances).unwrap();
        world
    }

    pub fn fingerprint(&self) -> u128 {
        fingerprint(&(
            self.order.fingerprint(),
            self.reservation.fingerprint(),
            self.payment.fingerprint(),
            self.notification.fingerprint(),
            (&self.provider, self.read, self.asked),
            (self.time_is_up, self.cancels, self.repeats),
        ))
    }

    pub fn status(&self) -> OrderStatus {
        self.order.aggregate.status().unwrap()
    }

    pub fn ended(&self) -> bool {
        use OrderStatus::*;
        matches!(self.status(), Confirmed | Cancelled | Failed)
    }

    fn wish(&self, circumstances: &Circumstances) -> Option<Wish> {
        let wish = self.payment.aggregate.wish();
        wish.filter(|wish| circumstances.refunds || !matches!(wish, Wish::Refund { .. }))
    }

    /// What will happen in the end, unless something else makes it pointless.
    pub fn due(&self, circumstances: &Circumstances) -> Vec<Action> {
        let mut due = Vec::new();
        for (at, channel) in CHANNELS.into_iter().enumerate() {
            if usize::from(self.read[at]) < self.told_on(channel) {
                due.push(Action::Read(channel));
            }
        }
        if self.wish(circumstances).is_some() {
            due.push(Action::Ask { answered: true });
        }
        let open = |hook: &Hook| self.provider.open & *hook as u8 != 0;
        due.extend(Hook::ALL.into_iter().filter(open).map(Action::Webhook));
        if circumstances.clock && !self.ended() && !self.time_is_up {
            due.push(Action::TimeIsUp);
        }
        if !circumstances.clock && self.provider.owes_a_move() {
            due.extend(self.provider.moves().iter().copied().map(Action::Provider));
        }
        due
    }

    /// What may happen or not.
    pub fn possible(&self, circumstances: &Circumstances) -> Vec<Action> {
        let mut possible = Vec::new();
        if self.wish(circumstances).is_some() {
            possible.push(Action::Ask { answered: false });
        }
        if circumstances.clock || !self.provider.owes_a_move() {
            possible.extend(self.provider.moves().iter().copied().map(Action::Provider));
        }
        if self.cancels > 0 {
            possible.push(Action::Cancel);
        }
        if self.repeats > 0 {
            for (at, channel) in CHANNELS.into_iter().enumerate() {
                possible.extend((0..self.read[at]).map(|to| Action::Rewind(channel, to)));
            }
            let calls = (0..self.asked.len()).filter(|call| self.asked[*call]);
            possible.extend(calls.map(Action::Arrive));
            let done = |hook: &Hook| {
                let hook = *hook as u8;
                self.provider.sent & hook != 0 && self.provider.open & hook == 0
            };
            possible.extend(Hook::ALL.into_iter().filter(done).map(Action::WebhookAgain));
        }
        possible
    }

    /// One step further, or what is wrong with it.
    pub fn after(&self, action: Action, circumstances: &Circumstances) -> Result<Self, String> {
        let mut next = self.clone();
        match action {
            Action::Read(channel) => {
                let at = usize::from(self.read[channel as usize]);
                let reactions = self.reactions(channel, at, &circumstances.table);
                next.carry_out(reactions)?;
                next.read[channel as usize] += 1;
            }
            Action::Rewind(channel, to) => {
                next.repeats -= 1;
                next.read[channel as usize] = to;
            }
            Action::Ask { answered } => {
                let wish = self.wish(circumstances).ok_or("no wish")?;
                next.asked[call(&wish)] = true;
                let answer = next.provider.asked(&wish);
                if answered {
                    next.hear(answer)?;
                }
            }
            Action::Arrive(call) => {
                next.repeats -= 1;
                next.provider.asked(&wish_of(call));
            }
            Action::Provider(to) => next.provider.go(to),
            Action::Webhook(hook) => {
                next.provider.open &= !(hook as u8);
                next.hear(says(hook))?;
            }
            Action::WebhookAgain(hook) => {
                next.repeats -= 1;
                next.provider.open |= hook as u8;
            }
            Action::TimeIsUp => {
                next.time_is_up = true;
                let seen = Seen::TimeIsUp(circumstances.flow);
                for (_, command) in saga::order(&circumstances.table, &seen) {
                    next.ask_order(command)?;
                }
            }
            Action::Cancel => {
                next.cancels -= 1;
                let reason = CancelReason::new("changed my mind").unwrap();
                next.ask_order(OrderCommand::Cancel { reason })?;
            }
        }
        next.settle(circumstances)?;
        Ok(next)
    }

    /// Takes the steps at once that no other step can tell from being taken later: records are
    /// passed that nobody reacts to, and the customer is told, which nobody reads.
    fn settle(&mut self, circumstances: &Circumstances) -> Result<(), String> {
        for channel in CHANNELS {
            let at = channel as usize;
            while usize::from(self.read[at]) < self.told_on(channel) {
                let next = usize::from(self.read[at]);
                let reactions = self.reactions(channel, next, &circumstances.table);
                if channel != Channel::NotificationReadsOrder && !reactions.are_none() {
                    break;
                }
                self.carry_out(reactions)?;
                self.read[at] += 1;
                self.mail()?;
            }
        }
        Ok(())
    }

    fn told_on(&self, channel: Channel) -> usize {
        match channel {
            Channel::OrderReadsInventory | Channel::PaymentReadsInventory => {
                self.reservation.told.len()
            }
            Channel::OrderReadsPayment | Channel::InventoryReadsPayment => self.payment.told.len(),
            Channel::InventoryReadsOrder
            | Channel::PaymentReadsOrder
            | Channel::NotificationReadsOrder => self.order.told.len(),
        }
    }
}

fn call(wish: &Wish) -> usize {
    match wish {
        Wish::Create(_) => 0,
        Wish::Cancel => 1,
        Wish::Refund { .. } => 2,
    }
}

fn wish_of(call: usize) -> Wish {
    match call {
        0 => Wish::Create(terms()),
        1 => Wish::Cancel,
        _ => Wish::Refund {
            intent_id: intent_id(),
            amount: terms().amount,
            currency: terms().currency,
        },
    }
}
