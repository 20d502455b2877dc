//! The contract as JSON Schemas (draft 2020-12), one a type of event and schema version, from the
//! types that read and write it. They are documents, kept under `docs/contract/`: no code needs
//! them at run time.

mod compatible;
mod tests;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::order_content::{Cancelled, Confirmed, Failed, Paid, Seen};
use super::stub::Mark;
use super::{
    Envelope, InventoryContent, NotificationContent, PaymentContent, PublishedOrder,
    PublishedOrderEvent, PublishedOrderV1, SagaContent,
};
use crate::Money;
use crate::order::OrderEventType;

/// No `multipleOf: 0.01`: common validators divide by it in binary, and would refuse 0.07.
pub(super) fn money(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "number",
        "minimum": 0,
        "maximum": Money::MAX.hundredths() as u64 / 100,
        "description": "An exact decimal, always written with two places: to be read from the number's own text, not through a binary float",
    })
}

pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "format": "date-time",
        "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$",
        "description": "UTC, always with six digits: the texts sort like the times",
    })
}

/// The name of each schema's file, and the schema.
pub(super) fn schemas() -> Vec<(String, Value)> {
    TOPICS.iter().flat_map(|topic| (topic.schemas)()).collect()
}

/// A topic and the schemas of what is told on it.
pub(super) struct Topic {
    pub name: &'static str,
    pub about: &'static str,
    pub schemas: fn() -> Vec<(String, Value)>,
}

pub(super) const TOPICS: [Topic; 5] = [
    Topic {
        name: "order-events",
        about: "Every event of every order, kept for ever. The key is the order's id.",
        schemas: orders,
    },
    Topic {
        name: "inventory-events",
        about: "What orders have of the stock, with the order's id as key, and where each item's \
            pieces are, with the stock's own id as key.",
        schemas: of_participant::<InventoryContent>,
    },
    Topic {
        name: "payment-events",
        about: "What became of an order's payment. The key is the order's id.",
        schemas: of_participant::<PaymentContent>,
    },
    Topic {
        name: "notification-events",
        about: "What an order's customer was told. The key is the order's id.",
        schemas: of_participant::<NotificationContent>,
    },
    Topic {
        name: "saga-events",
        about: "How an order's saga went, as who watches it has found. The key is the order's id.",
        schemas: of_participant::<SagaContent>,
    },
];

/// Content that names its types' schemas; all are of schema version 1.
pub(crate) trait Documented {
    fn contents() -> Vec<(&'static str, Value)>;
}

fn of_participant<C: Documented>() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (event_type, content) in C::contents() {
        let aggregate = match event_type {
            name if name.starts_with("Item") => "Stock",
            name if name.starts_with("Stock") => "Reservation",
            name if name.starts_with("Payment") => "Payment",
            name if name.starts_with("Saga") => "Saga",
            _ => "Notification",
        };
        let omitted = (format!("{aggregate}ContentOmitted"), stub(aggregate));
        if !all.contains(&omitted) {
            all.push(omitted);
        }
        let schema = event(event_type, 1, aggregate, content);
        all.push((format!("{event_type}.1"), schema));
    }
    all
}

fn orders() -> Vec<(String, Value)> {
    let mut all = vec![("ContentOmitted".to_owned(), stub("Order"))];
    for kind in OrderEventType::ALL {
        for version in 1..=PublishedOrderEvent::schema_version(kind) {
            let name = format!("{}.{version}", kind.as_str());
            let content = order_content(kind, version);
            all.push((name, event(kind.as_str(), version, "Order", content)));
        }
    }
    all
}

fn order_content(kind: OrderEventType, version: u32) -> Value {
    match (kind, version) {
        (OrderEventType::OrderCreated, 1) => of::<PublishedOrderV1>(),
        (OrderEventType::OrderCreated, 2) => of::<PublishedOrder>(),
        (OrderEventType::OrderConfirmed, 1) => of::<Confirmed>(),
        (OrderEventType::OrderCancelled, 1) => of::<Cancelled>(),
        (
            OrderEventType::OrderStockReserved
            | OrderEventType::OrderPaymentPending
            | OrderEventType::OrderPaymentAuthorized,
            1,
        ) => of::<Seen>(),
        (OrderEventType::OrderPaid, 1) => of::<Paid>(),
        (OrderEventType::OrderPaymentFailed | OrderEventType::OrderFailed, 1) => of::<Failed>(),
        _ => panic!("no type is known to be {kind:?} of version {version}"),
    }
}

fn event(event_type: &str, version: u32, aggregate_type: &str, content: Value) -> Value {
    let mut schema = flat(content);
    schema["title"] = format!("{event_type}, schema version {version}").into();
    schema["properties"]["aggregateType"] = json!({ "const": aggregate_type });
    schema["properties"]["eventType"] = json!({ "const": event_type });
    schema["properties"]["schemaVersion"] = json!({ "const": version });
    schema
}

fn stub(aggregate_type: &str) -> Value {
    let mut schema = flat(of::<Mark>());
    schema["title"] = "An event of any type that could not be published and was given up".into();
    schema["properties"]["aggregateType"] = json!({ "const": aggregate_type });
    schema["properties"]["contentOmitted"] = json!({ "const": true });
    schema
}

/// The envelope with a content's fields beside its own.
fn flat(content: Value) -> Value {
    let mut schema = of::<Envelope>();
    for (name, field) in content["properties"].as_object().unwrap() {
        let before = std::mem::replace(&mut schema["properties"][name], field.clone());
        assert_eq!(before, Value::Null, "{name} is a field of the envelope");
    }
    let required = content["required"].as_array().unwrap().clone();
    schema["required"].as_array_mut().unwrap().extend(required);
    schema["properties"]["version"]["minimum"] = 1.into();
    schema["description"] = "Fields that are not named here are to be ignored".into();
    schema
}

pub(crate) fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}
