//! Histories for tests: a whole one is made, and then something of it broken.

use std::collections::{BTreeSet, HashMap};

use bson::Document;
use domain::contract::{Envelope, PublishedOrderEvent};
use domain::order::{OrderCreated, OrderEvent, OrderLine, Quantity};
use domain::{
    CancelReason, Currency, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId,
};
use event_store::{StoredEvent, Unpublished};
use messaging::IncomingRecord;

use super::fold::fold_to;
use super::stored::place;
use super::topic::Recognised;
use super::{Class, Entry, History, Report};

/// What the three hold, and the readers' part without I/O. All records are in one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// The log as its pages were read.
    pub log: Vec<Entry>,
    /// What was appended afterwards.
    pub since: Vec<Entry>,
    pub unpublished: Vec<Unpublished>,
    /// Keys and values; an offset is an index.
    pub topic: Vec<(String, String)>,
    /// Offsets with a dead letter.
    pub refused: BTreeSet<i64>,
    pub committed: i64,
    pub documents: Vec<Document>,
}

impl World {
    /// Orders with that many events each, all published and projected.
    pub fn of(orders: &[(&str, u64)]) -> Self {
        let mut world = Self::default();
        for (id, events) in orders {
            for version in 1..=*events {
                world.log.push(Ok(stored(id, version)));
                world.topic.push(published(id, version));
            }
            world.documents.push(document(id, *events as i64));
        }
        world.committed = world.topic.len() as i64;
        world
    }

    fn stream(&self, id: &str) -> Vec<Entry> {
        let all = self.log.iter().chain(&self.since);
        all.filter(|entry| place(entry).0 == id).cloned().collect()
    }

    pub fn report(&self, settled: bool) -> Report {
        let mut history = History::default();
        for entry in &self.log {
            history.stored(entry.clone());
        }
        history.end_of_store();
        for row in &self.unpublished {
            history.unpublished(row);
        }
        history.committed(HashMap::from([(0, self.committed)]));
        for (offset, (key, value)) in (0..).zip(&self.topic) {
            let record = IncomingRecord {
                topic: "t".to_owned(),
                partition: 0,
                offset,
                key: Some(key.clone().into_bytes()),
                payload: Some(value.clone().into_bytes()),
                headers: Vec::new(),
            };
            let mut recognised = history.recognise(&record);
            if let Recognised::Unknown(occurrence) = &recognised {
                for entry in self.stream(&occurrence.order_id) {
                    history.appended(entry);
                }
                recognised = history.recognise(&record);
            }
            history.record(&record, recognised, self.refused.contains(&offset));
        }
        for document in &self.documents {
            if let Some(unsettled) = history.document(document.clone()) {
                let stream = self.stream(&unsettled.order_id);
                history.settle(unsettled, stream);
            }
        }
        history.finish(Some("order_view_1".to_owned()), settled)
    }

    /// The classes found, with their counts.
    pub fn found(&self) -> Vec<(Class, u64)> {
        found(&self.report(false))
    }
}

pub(super) fn found(report: &Report) -> Vec<(Class, u64)> {
    let counts = Class::ALL.map(|class| (class, report.count(class)));
    counts.into_iter().filter(|(_, n)| *n > 0).collect()
}

/// An order is created, confirmed and cancelled.
pub(super) fn stored(id: &str, version: u64) -> StoredEvent<OrderEvent> {
    let price = Money::from_json_number("12.99").unwrap();
    let (event_type, event) = match version {
        1 => (
            "OrderCreated",
            OrderEvent::OrderCreated(OrderCreated {
                customer_id: CustomerId::new("customer-1").unwrap(),
                restaurant_id: RestaurantId::new("restaurant-1").unwrap(),
                total_amount: price,
                currency: Currency::default(),
                items: vec![OrderLine {
                    menu_item_id: MenuItemId::new("item-1").unwrap(),
                    name: ItemName::new("Pizza").unwrap(),
                    price,
                    quantity: Quantity::new(1).unwrap(),
                }],
                saga: None,
            }),
        ),
        2 => (
            "OrderConfirmed",
            OrderEvent::OrderConfirmed {
                payment_id: PaymentId::new("p-1").unwrap(),
                saga_flow: None,
            },
        ),
        _ => (
            "OrderCancelled",
            OrderEvent::OrderCancelled {
                reason: CancelReason::new("late").unwrap(),
                saga_flow: None,
            },
        ),
    };
    let envelope = Envelope {
        event_id: domain::event_id("Order", id, version),
        event_type: event_type.to_owned(),
        aggregate_type: "Order".to_owned(),
        aggregate_id: id.to_owned(),
        version,
        schema_version: PublishedOrderEvent::schema_version(event.kind()),
        occurred_on: "2026-11-21T10:00:00.123456Z".parse().unwrap(),
        correlation_id: "c-1".to_owned(),
        causation_id: "k-1".to_owned(),
    };
    StoredEvent { envelope, event }
}

pub(super) fn published(id: &str, version: u64) -> (String, String) {
    let StoredEvent { envelope, event } = stored(id, version);
    let event = PublishedOrderEvent {
        envelope,
        content: event.into(),
    };
    (id.to_owned(), event.to_json().unwrap())
}

pub(super) fn document(id: &str, version: i64) -> Document {
    let stream = (1..=3).map(|v| Ok(stored(id, v))).collect();
    bson::serialize_to_document(&fold_to(version, stream).unwrap()).unwrap()
}

pub(super) fn waits(id: &str, version: u64, failed: bool) -> Unpublished {
    Unpublished {
        aggregate_id: id.to_owned(),
        version,
        failed,
    }
}
