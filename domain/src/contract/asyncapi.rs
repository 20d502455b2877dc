//! The topics as an AsyncAPI 3.0 document, `docs/asyncapi.json`: a document, like the schemas it
//! refers to.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dead_letter_header as dead_letter;
use super::schema::{TOPICS, Topic};
use super::{CORRELATION_ID, Envelope, PublishedOrderEvent, REPLAYED, TRACEPARENT, headers};
use crate::order::OrderEvent;
use crate::{OccurredOn, PaymentId};

/// What each header says; a header that is sent must be here.
const HEADERS: [(&str, &str); 10] = [
    ("ce_specversion", "CloudEvents, Kafka's binary content mode"),
    ("ce_id", "The event's id: a repeat carries the same"),
    ("ce_type", "The type of the event"),
    ("ce_source", "Who tells of it"),
    ("ce_subject", "The aggregate's id, as is the key"),
    ("ce_time", "When it happened"),
    ("content-type", "Of the value"),
    (
        CORRELATION_ID,
        "Shared by everything that one request set in motion",
    ),
    (TRACEPARENT, "W3C Trace Context of the command"),
    (
        REPLAYED,
        "`true` on what was published before: whoever acts on the world leaves it alone",
    ),
];

const DEAD_LETTER_HEADERS: [(&str, &str); 9] = [
    (dead_letter::ID, "The id of the item on the desk"),
    (
        dead_letter::SOURCE,
        "Who could not go on with it: relay, projector or a participant",
    ),
    (dead_letter::REASON, "Why, as a word"),
    (dead_letter::ERROR, "Why, as a sentence"),
    (dead_letter::FAILED_AT, "When it was given up"),
    (dead_letter::RETRY_COUNT, "How often it was tried again"),
    (dead_letter::TOPIC, "The topic it was on, or meant for"),
    (
        dead_letter::PARTITION,
        "Where it was on that topic; absent for what never got there",
    ),
    (dead_letter::OFFSET, "Where it was on that partition"),
];

/// What the tracker tells does not come from an outbox, so that nothing of it can be refused there.
fn has_dead_letters(topic: &Topic) -> bool {
    topic.name != "saga-events"
}

fn document() -> Value {
    let mut channels = serde_json::Map::new();
    let mut operations = serde_json::Map::new();
    for topic in &TOPICS {
        let name = camel(topic.name);
        let reference = |(name, _): (String, Value)| {
            let of = format!("#/components/messages/{name}");
            (name, json!({ "$ref": of }))
        };
        let messages: serde_json::Map<String, Value> =
            (topic.schemas)().into_iter().map(reference).collect();
        channels.insert(
            name.clone(),
            json!({
                "address": topic.name,
                "description": topic.about,
                "messages": messages,
                "bindings": kafka(topic.name),
            }),
        );
        let mut told = vec![name];
        if has_dead_letters(topic) {
            let (dead, dlq) = (camel_dead(topic.name), format!("{}-dlq", topic.name));
            channels.insert(
                dead.clone(),
                json!({
                    "address": dlq,
                    "description": "What could not be published or processed, as it was, and why. The \
                        desk decides what becomes of it.",
                    "messages": { "DeadLetter": { "$ref": "#/components/messages/DeadLetter" } },
                    "bindings": kafka(&dlq),
                }),
            );
            told.push(dead);
        }
        for channel in told {
            let of = format!("#/channels/{channel}");
            let operation = format!("tell{}{}", channel[..1].to_uppercase(), &channel[1..]);
            operations.insert(
                operation,
                json!({ "action": "send", "channel": { "$ref": of } }),
            );
        }
    }
    let messages = TOPICS
        .iter()
        .flat_map(|topic| (topic.schemas)())
        .map(|(name, schema)| (name.clone(), message(&name, &schema)));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Order events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What happened to orders. For one order, first occurrences are versions \
                1, 2, 3 … without a gap; repeats may come at any time and carry the same eventId: \
                drop what is not above the version you have. The contract may only grow: ignore \
                fields you do not know. Read with isolation level read_committed.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "development": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "Of `orders dev`, where the port is free",
            },
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages.chain([("DeadLetter".to_owned(), dead_letter_message())])
                .collect::<serde_json::Map<_, _>>(),
            "messageTraits": { "orderEvent": trait_of_all() },
        },
    })
}

/// `order-events` as `orderEvents`.
fn camel(topic: &str) -> String {
    topic.replace("-events", "Events")
}

fn camel_dead(topic: &str) -> String {
    match topic {
        "order-events" => "deadLetters".to_owned(),
        other => other.replace("-events", "DeadLetters"),
    }
}

fn kafka(topic: &str) -> Value {
    json!({ "kafka": { "topic": topic, "partitions": 8, "bindingVersion": "0.5.0",
        "topicConfiguration": { "cleanup.policy": ["delete"], "retention.ms": -1 } } })
}

fn message(name: &str, schema: &Value) -> Value {
    json!({
        "name": name,
        "title": schema["title"],
        "traits": [{ "$ref": "#/components/messageTraits/orderEvent" }],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": { "$ref": format!("./contract/{name}.json") },
        },
    })
}

fn trait_of_all() -> Value {
    json!({
        "contentType": "application/json",
        "headers": header_schema(&HEADERS),
        "correlationId": { "location": format!("$message.header#/{CORRELATION_ID}") },
        "bindings": { "kafka": {
            "key": { "type": "string", "description": "The aggregate's id" },
            "bindingVersion": "0.5.0",
        } },
    })
}

fn dead_letter_message() -> Value {
    json!({
        "name": "DeadLetter",
        "title": "A record that was given up, byte for byte, or where it is too large a reference to it",
        "contentType": "application/octet-stream",
        "headers": header_schema(&DEAD_LETTER_HEADERS),
        "payload": {},
        "bindings": { "kafka": {
            "key": { "description": "As it was, perhaps no text, or none" },
            "bindingVersion": "0.5.0",
        } },
    })
}

fn header_schema(headers: &[(&str, &str)]) -> Value {
    let property = |(name, says): &(&str, &str)| {
        (
            (*name).to_owned(),
            json!({ "type": "string", "description": says }),
        )
    };
    let properties: serde_json::Map<String, Value> = headers.iter().map(property).collect();
    json!({ "type": "object", "properties": properties })
}

/// After a change: `UPDATE_DOCS=1 cargo test -p domain`.
#[test]
fn the_document_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asyncapi.json");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
        return std::fs::write(file, text).unwrap();
    }
    let shown: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(shown, document, "run UPDATE_DOCS=1 cargo test -p domain");
}

#[test]
fn every_header_and_every_reference_is_there() {
    let event = OrderEvent::OrderConfirmed {
        payment_id: PaymentId::new("payment-1").unwrap(),
        saga_flow: None,
    };
    let envelope = Envelope {
        event_id: Uuid::nil(),
        event_type: event.kind().as_str().to_owned(),
        aggregate_type: "Order".to_owned(),
        aggregate_id: "order-1".to_owned(),
        version: 2,
        schema_version: PublishedOrderEvent::schema_version(event.kind()),
        occurred_on: OccurredOn::new(Timestamp::UNIX_EPOCH),
        correlation_id: "request-1".to_owned(),
        causation_id: "request-1".to_owned(),
    };
    let sent = headers(&envelope, Some("00-1-1-01"));
    for name in sent.keys() {
        assert!(HEADERS.iter().any(|(known, _)| known == name), "{name}");
    }
    assert_eq!(sent.len() + 1, HEADERS.len(), "and `replayed`");

    let document = document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        match reference.strip_prefix('#') {
            Some(pointer) => assert!(document.pointer(pointer).is_some(), "{reference}"),
            None => {
                let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
                assert!(docs.join(&reference).exists(), "{reference}");
            }
        }
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(reference) if name == "$ref" => {
                        references.push(reference.clone())
                    }
                    field => collect(field, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
