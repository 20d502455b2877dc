use std::collections::{BTreeMap, HashMap};

use domain::{Currency, Money};
use jiff::Timestamp;
use serde::Serialize;

use crate::intent::{Change, Intent, IntentView};
use crate::record::{Call, Record, Status, Terms};
use crate::rule::{FAILING_CALLS, Rule};

/// Every intent, as the journal's records add up to it. It decides and does nothing: what it
/// decides on is a list of records, to be written and then applied.
#[derive(Default)]
pub struct Ledger {
    intents: HashMap<String, Intent>,
    /// The intent of an order: there is never more than one.
    of_order: HashMap<String, String>,
    asked: HashMap<String, Call>,
    /// Calls that were answered 500, by order. A restart forgets them.
    failed_calls: HashMap<String, u8>,
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    KeyReused,
    OtherTerms,
    NoSuchIntent,
    NotCaptured,
    /// By the payment's rule.
    OutOfOrder,
}

/// What was taken and given back in one currency, over all intents.
#[derive(Debug, Default, Serialize)]
pub struct Sums {
    pub captured: Money,
    pub refunded: Money,
}

impl Ledger {
    pub fn create(
        &mut self,
        key: &str,
        terms: &Terms,
        new_id: &str,
        at: Timestamp,
    ) -> Result<Vec<Record>, Refusal> {
        let mut records = self.ask(key, Call::Create(terms.clone()))?;
        if let Some(intent) = self.of_order(&terms.order_id) {
            let known = intent.terms.as_ref();
            return match known.is_some_and(|known| known != terms) {
                true => Err(Refusal::OtherTerms),
                false => Ok(records),
            };
        }
        let rule = Rule::of(terms.amount);
        if rule == Rule::FailsFirst {
            let failed = self.failed_calls.entry(terms.order_id.clone()).or_default();
            if *failed < FAILING_CALLS {
                *failed += 1;
                return Err(Refusal::OutOfOrder);
            }
            self.failed_calls.remove(&terms.order_id);
        }
        records.push(Record::Opened {
            intent_id: new_id.to_owned(),
            terms: terms.clone(),
            at,
        });
        if rule == Rule::Declined {
            let reason = Some("the card was declined".to_owned());
            records.push(changed(new_id, Status::Failed, reason, at));
        }
        Ok(records)
    }

    /// Stops a payment, also one that nobody has asked for yet. What has happened stays.
    pub fn cancel(
        &mut self,
        key: &str,
        order_id: &str,
        new_id: &str,
        at: Timestamp,
    ) -> Result<Vec<Record>, Refusal> {
        let order_id = order_id.to_owned();
        let call = Call::Cancel {
            order_id: order_id.clone(),
        };
        let mut records = self.ask(key, call)?;
        match self.of_order(&order_id) {
            None => records.push(Record::Stopped {
                intent_id: new_id.to_owned(),
                order_id,
                at,
            }),
            Some(intent) if !intent.status().is_settled() => {
                records.push(changed(&intent.id, Status::Cancelled, None, at));
            }
            Some(_) => {}
        }
        Ok(records)
    }

    /// A payment is given back as a whole.
    pub fn refund(
        &mut self,
        key: &str,
        intent_id: &str,
        amount: Money,
        currency: Currency,
        at: Timestamp,
    ) -> Result<Vec<Record>, Refusal> {
        let intent_id = intent_id.to_owned();
        let call = Call::Refund {
            intent_id: intent_id.clone(),
            amount,
            currency: currency.clone(),
        };
        let mut records = self.ask(key, call)?;
        let intent = self.intent(&intent_id).ok_or(Refusal::NoSuchIntent)?;
        let terms = intent.terms.as_ref().ok_or(Refusal::NotCaptured)?;
        if terms.amount != amount || terms.currency != currency {
            return Err(Refusal::OtherTerms);
        }
        match intent.status() {
            Status::Captured => records.push(changed(&intent_id, Status::Refunded, None, at)),
            Status::Refunded => {}
            _ => return Err(Refusal::NotCaptured),
        }
        Ok(records)
    }

    /// What a payment comes to by itself.
    pub fn advance(&self, intent_id: &str, at: Timestamp) -> Vec<Record> {
        let Some(intent) = self.intent(intent_id) else {
            return Vec::new();
        };
        let to = |status| changed(intent_id, status, None, at);
        match (intent.status(), intent.rule()) {
            (_, Rule::NeverAnswered) => Vec::new(),
            (Status::Pending, Rule::CapturedLate) => vec![to(Status::Authorized)],
            (Status::Pending, _) => vec![to(Status::Authorized), to(Status::Captured)],
            (Status::Authorized, _) => vec![to(Status::Captured)],
            _ => Vec::new(),
        }
    }

    /// The key's line; nothing where it was written before.
    fn ask(&self, key: &str, call: Call) -> Result<Vec<Record>, Refusal> {
        match self.asked.get(key) {
            Some(known) if *known != call => Err(Refusal::KeyReused),
            Some(_) => Ok(Vec::new()),
            None => Ok(vec![Record::Asked {
                key: key.to_owned(),
                call,
            }]),
        }
    }

    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Asked { key, call } => {
                self.asked.insert(key, call);
            }
            Record::Opened {
                intent_id,
                terms,
                at,
            } => {
                let order_id = terms.order_id.clone();
                self.open(intent_id, order_id, Some(terms), Status::Pending, at);
            }
            Record::Stopped {
                intent_id,
                order_id,
                at,
            } => self.open(intent_id, order_id, None, Status::Cancelled, at),
            Record::Changed {
                intent_id,
                to,
                reason,
                at,
            } => {
                if let Some(intent) = self.intents.get_mut(&intent_id) {
                    intent.changes.push(Change::to(to, reason, at));
                }
            }
            Record::Told { intent_id, change } => {
                let intent = self.intents.get_mut(&intent_id);
                if let Some(change) = intent.and_then(|intent| intent.changes.get_mut(change)) {
                    change.told = true;
                }
            }
        }
    }

    fn open(
        &mut self,
        id: String,
        order_id: String,
        terms: Option<Terms>,
        status: Status,
        at: Timestamp,
    ) {
        self.of_order.insert(order_id.clone(), id.clone());
        let intent = Intent {
            id: id.clone(),
            order_id,
            terms,
            changes: vec![Change::to(status, None, at)],
            telling: false,
        };
        self.intents.insert(id, intent);
    }

    pub fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.get(id)
    }

    pub fn intent_mut(&mut self, id: &str) -> Option<&mut Intent> {
        self.intents.get_mut(id)
    }

    pub fn of_order(&self, order_id: &str) -> Option<&Intent> {
        self.intent(self.of_order.get(order_id)?)
    }

    pub fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.intents.values()
    }

    pub fn views(&self) -> Vec<IntentView> {
        self.intents.values().map(Intent::view).collect()
    }

    pub fn sums(&self) -> BTreeMap<String, Sums> {
        let mut sums = BTreeMap::<String, Sums>::new();
        for intent in self.intents.values().filter(|i| i.was_captured()) {
            let Some(terms) = &intent.terms else { continue };
            let sum = sums.entry(terms.currency.to_string()).or_default();
            sum.captured = sum.captured + terms.amount;
            if intent.status() == Status::Refunded {
                sum.refunded = sum.refunded + terms.amount;
            }
        }
        sums
    }
}

impl Change {
    fn to(to: Status, reason: Option<String>, at: Timestamp) -> Self {
        Self {
            to,
            reason,
            at,
            told: false,
        }
    }
}

fn changed(intent_id: &str, to: Status, reason: Option<String>, at: Timestamp) -> Record {
    Record::Changed {
        intent_id: intent_id.to_owned(),
        to,
        reason,
        at,
    }
}
