use domain::{Currency, Money};
use jiff::Timestamp;
use serde::Serialize;

use crate::record::{Status, Terms};
use crate::rule::Rule;

/// A payment of an order.
#[derive(Debug)]
pub struct Intent {
    pub id: String,
    pub order_id: String,
    /// `None` where it was cancelled before anybody asked for it.
    pub terms: Option<Terms>,
    pub changes: Vec<Change>,
    /// Somebody is sending its webhooks.
    pub telling: bool,
}

/// Each has its webhook.
#[derive(Debug)]
pub struct Change {
    pub to: Status,
    pub reason: Option<String>,
    pub at: Timestamp,
    pub told: bool,
}

/// An intent as callers see it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntentView {
    pub intent_id: String,
    pub order_id: String,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Intent {
    pub fn status(&self) -> Status {
        self.changes.last().map_or(Status::Pending, |last| last.to)
    }

    pub fn rule(&self) -> Rule {
        let terms = self.terms.as_ref();
        terms.map_or(Rule::Plain, |terms| Rule::of(terms.amount))
    }

    /// The number of the change whose webhook is to be sent now.
    pub fn to_tell(&self) -> Option<usize> {
        let untold = |(number, change): (usize, &Change)| (!change.told).then_some(number);
        let mut changes = self.changes.iter().enumerate();
        match self.rule() {
            // Whoever cancels what was never asked for has the answer.
            _ if self.terms.is_none() => None,
            Rule::NeverAnswered => None,
            Rule::WebhooksReversed if !self.status().is_settled() => None,
            Rule::WebhooksReversed => changes.rev().find_map(untold),
            _ => changes.find_map(untold),
        }
    }

    /// The money was taken, whether or not it was given back.
    pub fn was_captured(&self) -> bool {
        self.changes.iter().any(|c| c.to == Status::Captured)
    }

    pub fn view(&self) -> IntentView {
        IntentView {
            intent_id: self.id.clone(),
            order_id: self.order_id.clone(),
            status: self.status(),
            amount: self.terms.as_ref().map(|terms| terms.amount),
            currency: self.terms.as_ref().map(|terms| terms.currency.clone()),
            reason: self.changes.last().and_then(|last| last.reason.clone()),
        }
    }
}
