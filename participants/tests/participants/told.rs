//! What the others tell, as their topics carry it.

use cqrs_es::DomainEvent;
use domain::contract::Envelope;
use domain::inventory::{Reservation, ReservationEvent, ReservedLine, StockReserved, StockTerms};
use domain::order::{NewOrder, Order, OrderCommand, OrderEvent, OrderLine, Quantity, SagaTerms};
use domain::payment::{
    Payment, PaymentCompleted, PaymentEvent, PaymentFailed, PaymentPending, PaymentTerms,
};
use domain::saga::SagaFlow;
use domain::{
    Currency, CustomerId, EmailAddress, EventSourced, FailureReason, IntentId, ItemId, ItemName,
    MenuItemId, Money, PaymentId, PaymentMethod, RestaurantId, StoreId,
};
use serde_json::{Value, json};

/// A record to be published.
#[derive(Clone, Debug)]
pub struct Told {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

impl Told {
    pub fn event<A: EventSourced>(id: &str, version: u64, event: A::Event) -> Self {
        let envelope = Envelope {
            event_id: domain::event_id(A::TYPE, id, version),
            event_type: event.event_type(),
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: id.to_owned(),
            version,
            schema_version: A::published_schema_version(&event),
            occurred_on: "2026-11-21T10:00:00Z".parse().unwrap(),
            correlation_id: format!("c-{id}"),
            causation_id: "command-1".to_owned(),
        };
        Self {
            key: Some(id.as_bytes().to_vec()),
            value: Some(A::publish(envelope, event).unwrap().into_bytes()),
        }
    }

    /// The same with another field, or others.
    pub fn with(&self, fields: Value) -> Self {
        let mut value: Value = serde_json::from_slice(self.value.as_ref().unwrap()).unwrap();
        let object = value.as_object_mut().unwrap();
        object.extend(fields.as_object().unwrap().clone());
        Self {
            key: self.key.clone(),
            value: Some(value.to_string().into_bytes()),
        }
    }

    pub fn keyed(&self, key: Option<&str>) -> Self {
        Self {
            key: key.map(|key| key.as_bytes().to_vec()),
            value: self.value.clone(),
        }
    }

    pub fn saying(&self, value: Option<&str>) -> Self {
        Self {
            key: self.key.clone(),
            value: value.map(|value| value.as_bytes().to_vec()),
        }
    }
}

/// What nobody can take in, each with the name of its fault: made of an event that one can. All of
/// them but those of no key are under the event's key.
pub fn poisons(good: &Told) -> Vec<(&'static str, Told)> {
    vec![
        ("no_event", good.saying(Some("no JSON"))),
        ("no_event", good.saying(Some("{}"))),
        ("no_value", good.saying(None)),
        (
            "unknown_event_type",
            good.with(json!({"eventType": "Unheard"})),
        ),
        (
            "unknown_schema_version",
            good.with(json!({"schemaVersion": 99})),
        ),
        (
            "unexpected_content",
            good.with(json!({"sagaFlow": 7, "items": 7})),
        ),
        ("key_mismatch", good.with(json!({"aggregateId": "o-other"}))),
        ("key_mismatch", good.keyed(None)),
        (
            "other_aggregate",
            good.with(json!({"aggregateType": "Elephant"})),
        ),
        ("foreign_event_id", good.with(json!({"version": 77}))),
    ]
}

pub fn store_id() -> StoreId {
    StoreId::new("store-1").unwrap()
}

pub fn item(name: &str) -> ItemId {
    ItemId::new(name).unwrap()
}

pub fn reason() -> FailureReason {
    FailureReason::of("card declined")
}

pub fn terms() -> PaymentTerms {
    PaymentTerms {
        amount: Money::from_json_number("29.99").unwrap(),
        currency: Currency::default(),
        method: PaymentMethod::new("CreditCard").unwrap(),
    }
}

pub fn intent() -> IntentId {
    IntentId::new("pi-1").unwrap()
}

pub fn new_order(flow: SagaFlow, product: &str, quantity: u32) -> NewOrder {
    manual_order(product, quantity).by_saga(SagaTerms {
        flow,
        payment_method: terms().method,
        customer_email: Some(EmailAddress::new("ada@example.org").unwrap()),
    })
}

pub fn manual_order(product: &str, quantity: u32) -> NewOrder {
    let line = OrderLine {
        menu_item_id: MenuItemId::new(product).unwrap(),
        name: ItemName::new(product).unwrap(),
        price: Money::from_json_number("1").unwrap(),
        quantity: Quantity::new(quantity).unwrap(),
    };
    NewOrder::new(
        CustomerId::new("customer-123").unwrap(),
        RestaurantId::new("store-1").unwrap(),
        terms().amount,
        vec![line],
    )
    .unwrap()
}

pub fn created(id: &str, flow: SagaFlow, product: &str, quantity: u32) -> Told {
    let create = OrderCommand::Create(new_order(flow, product, quantity));
    let event = Order::default().decide(create).unwrap().remove(0);
    Told::event::<Order>(id, 1, event)
}

/// Of an order that goes its usual way: the fourth thing the order notes.
pub fn confirmed(id: &str) -> Told {
    let event = OrderEvent::OrderConfirmed {
        payment_id: PaymentId::new("pi-1").unwrap(),
        saga_flow: Some(SagaFlow::StockFirst),
    };
    Told::event::<Order>(id, 4, event)
}

/// One piece of an item, which is to be paid now.
pub fn reserved(id: &str) -> Told {
    let line = ReservedLine {
        item_id: item("product-1"),
        quantity: 1,
        counted: true,
    };
    let event = ReservationEvent::StockReserved(StockReserved {
        saga_flow: SagaFlow::StockFirst,
        store_id: store_id(),
        lines: vec![line],
        payment: Some(terms()),
    });
    Told::event::<Reservation>(id, 1, event)
}

pub fn pending(id: &str) -> Told {
    let event = PaymentEvent::PaymentPending(PaymentPending {
        saga_flow: SagaFlow::StockFirst,
        intent_id: intent(),
    });
    Told::event::<Payment>(id, 2, event)
}

/// Before anything is reserved: one piece of this is wanted.
pub fn paid_first(id: &str, product: &str) -> Told {
    let event = PaymentEvent::PaymentCompleted(PaymentCompleted {
        saga_flow: SagaFlow::PaymentFirst,
        intent_id: intent(),
        amount: terms().amount,
        currency: terms().currency,
        stock: Some(StockTerms::of(store_id(), [(item(product), 1)])),
    });
    Told::event::<Payment>(id, 3, event)
}

pub fn failed(id: &str) -> Told {
    let event = PaymentEvent::PaymentFailed(PaymentFailed {
        saga_flow: SagaFlow::StockFirst,
        reason: reason(),
    });
    Told::event::<Payment>(id, 4, event)
}
