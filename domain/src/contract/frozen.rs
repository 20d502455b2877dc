//! What the participants store and publish can be read for ever, and is written as it always was.

use std::path::Path;

use cqrs_es::DomainEvent;

use super::{
    Content, InventoryContent, NotificationContent, PaymentContent, Published, SagaContent,
};
use crate::inventory::{ReservationEvent, StockEvent};
use crate::notification::NotificationEvent;
use crate::payment::PaymentEvent;

fn frozen(folder: &str, event_type: &str) -> String {
    let name = format!("frozen/{folder}/{event_type}.1.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.trim_end().to_owned()
}

/// Every stored event reads, writes back byte for byte, and is published as the contract has it.
fn stored<E, C>(types: &[&str])
where
    E: DomainEvent + serde::de::DeserializeOwned + Into<C>,
    C: Content + PartialEq + std::fmt::Debug,
{
    for event_type in types {
        let text = frozen("stored", event_type);
        let event: E = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(
            (event.event_type(), event.event_version()),
            ((*event_type).to_owned(), "1".to_owned())
        );
        // As the store reads it: through a value, which must not round amounts.
        let value = serde_json::from_str(&text).unwrap();
        assert!(serde_json::from_value::<E>(value).unwrap() == event);

        let text = frozen("published", event_type);
        let published = Published::<C>::parse(text.as_bytes()).unwrap();
        assert_eq!(published.to_json().unwrap(), text);
        assert_eq!(published.content, event.into());
    }
}

#[test]
fn of_all_participants() {
    stored::<ReservationEvent, InventoryContent>(ReservationEvent::TYPES);
    stored::<StockEvent, InventoryContent>(StockEvent::TYPES);
    stored::<PaymentEvent, PaymentContent>(PaymentEvent::TYPES);
    stored::<NotificationEvent, NotificationContent>(NotificationEvent::TYPES);
    let inventory = ReservationEvent::TYPES.len() + StockEvent::TYPES.len();
    assert_eq!(InventoryContent::TYPES.len(), inventory);
    assert_eq!(PaymentContent::TYPES, PaymentEvent::TYPES);
    assert_eq!(NotificationContent::TYPES, NotificationEvent::TYPES);
}

/// Sagas are not stored: they are what the others have told.
#[test]
fn of_sagas() {
    for event_type in SagaContent::TYPES {
        let text = frozen("published", event_type);
        let published = Published::<SagaContent>::parse(text.as_bytes()).unwrap();
        assert_eq!(published.content.event_type(), *event_type);
        assert_eq!(published.to_json().unwrap(), text);
    }
}

/// No two topics tell of the same type: one name, one schema.
#[test]
fn names_are_one_for_each_type() {
    let mut all = [
        InventoryContent::TYPES,
        PaymentContent::TYPES,
        NotificationContent::TYPES,
        SagaContent::TYPES,
        &crate::order::OrderEventType::ALL.map(crate::order::OrderEventType::as_str),
    ]
    .concat();
    let many = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), many);
}
