use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::compatible::breaks;
use super::schemas;
use crate::contract::{Envelope, PublishedOrderEvent, Stub};
use crate::order::{NewOrder, Order, OrderEvent, OrderEventType, OrderLine, Quantity, SagaTerms};
use crate::saga::SagaFlow;
use crate::{
    CancelReason, Currency, CustomerId, EmailAddress, EventSourced, FailureReason, ItemName,
    MenuItemId, Money, PaymentId, PaymentMethod, RestaurantId,
};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn json_file(path: &Path) -> Value {
    let text = std::fs::read_to_string(path);
    let text = text.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// File names without their ending.
fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().path())
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// After a change of the contract: `UPDATE_DOCS=1 cargo test -p domain`.
#[test]
fn the_documents_are_current() {
    let folder = path("../docs/contract");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for (name, schema) in schemas() {
        let file = folder.join(format!("{name}.json"));
        if update {
            let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            std::fs::write(file, text).unwrap();
        } else {
            let shown = json_file(&file);
            assert_eq!(shown, schema, "run UPDATE_DOCS=1 cargo test -p domain");
        }
    }
    let mut current: Vec<String> = schemas().into_iter().map(|(name, _)| name).collect();
    current.sort();
    assert_eq!(names(&folder), current);
}

/// `frozen/contract/` has each schema as it was when it was first published. These files never
/// change; a new schema version comes with a new one, a copy of its document.
#[test]
fn nothing_that_was_published_is_taken_back() {
    let schemas = schemas();
    let folder = path("frozen/contract");
    let mut current: Vec<&str> = schemas.iter().map(|(name, _)| name.as_str()).collect();
    current.sort_unstable();
    assert_eq!(names(&folder), current, "each schema has its frozen copy");
    for (name, schema) in &schemas {
        let frozen = json_file(&folder.join(format!("{name}.json")));
        assert_eq!(breaks(&frozen, schema, false), [""; 0], "{name}");
    }
    for pair in schemas.windows(2) {
        let [(before, old), (after, new)] = pair else {
            panic!("not a pair");
        };
        if before.split('.').next() == after.split('.').next() {
            assert_eq!(breaks(old, new, true), [""; 0], "{after} after {before}");
        }
    }
}

#[test]
fn every_way_to_take_something_back_is_found() {
    let old = json!({
        "title": "Old",
        "properties": {
            "schemaVersion": { "const": 1 },
            "name": { "type": "string" },
            "items": { "type": "array", "items": {
                "properties": { "price": { "type": "number", "minimum": 0 } },
                "required": ["price"],
            } },
        },
        "required": ["schemaVersion", "name", "items"],
    });
    let change = |pointer: &str, to: Value| {
        let mut new = old.clone();
        *new.pointer_mut(pointer).unwrap() = to;
        new
    };
    let item = "/properties/items/items";
    for (new, fault) in [
        (change("/properties", json!({})), "was removed"),
        (
            change("/properties/name/type", json!("number")),
            "/name: type",
        ),
        (change("/properties/name", json!({})), "/name: type"),
        (
            change("/required", json!(["schemaVersion", "items"])),
            "/name is no longer",
        ),
        (
            change(
                "/required",
                json!(["schemaVersion", "name", "items", "tip"]),
            ),
            "/tip is required",
        ),
        (
            change(&format!("{item}/properties"), json!({})),
            "/items/items/price was removed",
        ),
        (
            change(&format!("{item}/properties/price/minimum"), json!(-1)),
            "/items/items/price: minimum",
        ),
        (
            change(&format!("{item}/required"), json!([])),
            "/items/items/price is no longer",
        ),
        (
            change("/properties/schemaVersion/const", json!(2)),
            "/schemaVersion: const",
        ),
    ] {
        let found = breaks(&old, &new, false);
        assert!(
            found.iter().any(|f| f.contains(fault)),
            "{fault}: {found:?}"
        );
    }
    // What may be done: another title, a new field, and with a new version one that is always there.
    let mut grown = change("/title", json!("New"));
    grown["properties"]["tip"] = json!({ "type": "number" });
    assert_eq!(breaks(&old, &grown, false), [""; 0]);
    grown["properties"]["schemaVersion"] = json!({ "const": 2 });
    grown["required"] = json!(["schemaVersion", "name", "items", "tip"]);
    assert_eq!(breaks(&old, &grown, true), [""; 0]);
}

fn assert_valid(name: &str, record: &str) {
    let schema = json_file(&path(&format!("../docs/contract/{name}.json")));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let record: Value = serde_json::from_str(record).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&record)
        .map(|e| e.to_string())
        .collect();
    assert!(faults.is_empty(), "{name}: {faults:?}: {record}");
}

fn is_valid(name: &str, record: &str) -> bool {
    let schema = json_file(&path(&format!("../docs/contract/{name}.json")));
    jsonschema::is_valid(&schema, &serde_json::from_str(record).unwrap())
}

#[test]
fn every_version_ever_published_is_valid() {
    let folder = path("frozen/published");
    for name in names(&folder) {
        let record = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        assert_valid(&name, &record);
        let stub = Stub::of(record.as_bytes()).unwrap();
        let aggregate = stub.0.aggregate_type.as_str();
        let omitted = format!("{}ContentOmitted", aggregate.replace("Order", ""));
        let stub = stub.to_json().unwrap();
        assert_valid(&omitted, &stub);
        assert!(!is_valid(&omitted, &record) && !is_valid(&name, &stub));
    }
    let created = std::fs::read_to_string(folder.join("OrderCreated.2.json")).unwrap();
    for (what, instead) in [
        ("45.99", r#""45.99""#),
        ("45.99", "-1.00"),
        ("45.99", "1000000000000.01"),
        (r#""currency":"EUR","#, ""),
        ("EUR", "euro"),
        (r#""schemaVersion":2"#, r#""schemaVersion":1"#),
        (r#""price":12.99,"#, ""),
        ("10:00:00.123456Z", "10:00:00Z"),
    ] {
        assert!(
            !is_valid("OrderCreated.2", &created.replace(what, instead)),
            "{instead}"
        );
    }
}

fn any_event() -> impl Strategy<Value = OrderEvent> {
    let amount = |most: u64| (0..=most, 0..100_u8).prop_map(|(a, b)| format!("{a}.{b:02}"));
    let line =
        ("\\PC{1,9}x", amount(999), 1..=10_000_u32).prop_map(|(text, price, quantity)| OrderLine {
            menu_item_id: MenuItemId::new(text.clone()).unwrap(),
            name: ItemName::new(text).unwrap(),
            price: Money::from_json_number(&price).unwrap(),
            quantity: Quantity::new(quantity).unwrap(),
        });
    let lines = prop::collection::vec(line, 1..9);
    let currency = prop::sample::select(vec!["EUR", "USD", "CHF"]);
    let saga = prop::option::of(prop::sample::select(SagaFlow::ALL.to_vec()));
    let lines = (lines, saga);
    let created =
        (lines, amount(999_000_000_000), currency).prop_map(|((lines, saga), tip, currency)| {
            let sum: Money = lines.iter().map(OrderLine::total).sum();
            let order = NewOrder::new(
                CustomerId::new("c").unwrap(),
                RestaurantId::new("r").unwrap(),
                sum + Money::from_json_number(&tip).unwrap(),
                lines,
            );
            let mut order = order.unwrap().in_currency(Currency::new(currency).unwrap());
            if let Some(flow) = saga {
                order = order.by_saga(SagaTerms {
                    flow,
                    payment_method: PaymentMethod::new("CreditCard").unwrap(),
                    customer_email: (flow == SagaFlow::StockFirst)
                        .then(|| EmailAddress::new("ada@example.org").unwrap()),
                });
            }
            OrderEvent::OrderCreated(order.into_event())
        });
    let flow = || prop::option::of(prop::sample::select(SagaFlow::ALL.to_vec()));
    let confirmed = ("\\PC{1,9}x", flow()).prop_map(|(id, saga_flow)| OrderEvent::OrderConfirmed {
        payment_id: PaymentId::new(id).unwrap(),
        saga_flow,
    });
    let cancelled =
        ("\\PC{1,9}x", flow()).prop_map(|(reason, saga_flow)| OrderEvent::OrderCancelled {
            reason: CancelReason::new(reason).unwrap(),
            saga_flow,
        });
    let flow = || prop::sample::select(SagaFlow::ALL.to_vec());
    let seen = flow().prop_flat_map(|saga_flow| {
        prop::sample::select(vec![
            OrderEvent::OrderStockReserved { saga_flow },
            OrderEvent::OrderPaymentPending { saga_flow },
            OrderEvent::OrderPaymentAuthorized { saga_flow },
        ])
    });
    let paid = ("\\PC{1,9}x", flow()).prop_map(|(id, saga_flow)| OrderEvent::OrderPaid {
        payment_id: PaymentId::new(id).unwrap(),
        saga_flow,
    });
    let failed = ("\\PC{1,9}x", flow(), any::<bool>()).prop_map(|(reason, saga_flow, payment)| {
        let reason = FailureReason::new(reason).unwrap();
        if payment {
            OrderEvent::OrderPaymentFailed { reason, saga_flow }
        } else {
            OrderEvent::OrderFailed { reason, saga_flow }
        }
    });
    prop_oneof![created, confirmed, cancelled, seen, paid, failed]
}

proptest! {
    /// Whatever is published goes through [`EventSourced::publish`].
    #[test]
    fn whatever_is_published_is_valid(event in any_event(), version: u64, micros in 0..1_i64 << 52) {
        let kind: OrderEventType = event.kind();
        let schema_version = Order::published_schema_version(&event);
        let envelope = Envelope {
            event_id: crate::event_id("Order", "o-1", version),
            event_type: kind.as_str().to_owned(),
            aggregate_type: "Order".to_owned(),
            aggregate_id: "o-1".to_owned(),
            version: version.max(1),
            schema_version,
            occurred_on: crate::OccurredOn::new(jiff::Timestamp::from_microsecond(micros).unwrap()),
            correlation_id: "c-1".to_owned(),
            causation_id: "k-1".to_owned(),
        };
        let record = Order::publish(envelope, event).unwrap();
        assert_valid(&format!("{}.{schema_version}", kind.as_str()), &record);
        let read = PublishedOrderEvent::parse(record.as_bytes()).unwrap();
        prop_assert_eq!(read.to_json().unwrap(), record);
    }
}
