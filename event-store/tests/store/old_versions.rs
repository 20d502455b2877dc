//! Events stored by older code, and by newer.

use domain::order::OrderEvent;
use event_store::{EventStoreError, ExecuteError, ExpectedVersion};

use crate::fixture::{Fixture, cancel, confirm, context, create};

const STORED_V1: &str = include_str!("../../../domain/frozen/stored/OrderCreated.1.json");

/// An order whose first event is as older code has stored it.
async fn old_order(fixture: &Fixture, id: &str) {
    let sql = "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                   event_version, payload, metadata)
         VALUES ('Order', $1, 1, 'OrderCreated', '1', $2::text::json, $3::text::json)";
    let metadata = serde_json::to_string(&context().metadata()).unwrap();
    let psql = fixture.psql().await;
    psql.execute(sql, &[&id, &STORED_V1, &metadata])
        .await
        .unwrap();
    let state = r#"{"status":"PENDING","customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":"45.99","items":[{"menuItemId":"item-1","name":"Pizza","price":"12.99","quantity":2}],"paymentId":null,"cancelReason":null}"#;
    let sql = "INSERT INTO orders (id, version, state) VALUES ($1, 1, $2::text::json)";
    psql.execute(sql, &[&id, &state]).await.unwrap();
}

#[tokio::test]
async fn old_events_are_read_as_if_they_were_new() {
    let fixture = Fixture::new().await;
    old_order(&fixture, "o-1").await;
    let executor = fixture.executor();
    let executed = executor
        .execute("o-2", ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    let new = executed.events[0].payload.clone();

    let page = fixture.store.page(None, 10).await.unwrap();
    let old = page[0].as_ref().unwrap();
    assert_eq!(old.event, new);
    let stream = fixture.store.stream_after("o-1", 0).await.unwrap();
    assert_eq!(stream[0].event, old.event);
    assert_eq!(stream[0].envelope, old.envelope);
    assert_eq!(old.envelope.schema_version, 2, "as it is published today");

    // Commands are decided on it, and say again what is so already.
    let same = executor
        .execute("o-1", ExpectedVersion::Any, create(), &context())
        .await
        .unwrap();
    assert_eq!(same.events.len(), 0);
    for command in [confirm("p-1"), cancel("late")] {
        let executed = executor
            .execute("o-1", ExpectedVersion::Any, command, &context())
            .await
            .unwrap();
        let placed = executed.aggregate.placed().unwrap();
        assert_eq!(placed.currency.as_str(), "EUR");
    }
    let state = "orders WHERE id = 'o-1' AND version = 3 AND state ->> 'currency' = 'EUR'";
    assert_eq!(fixture.count(state).await, 1);
    let others = "events WHERE event_type <> 'OrderCreated' AND event_version <> '1'";
    assert_eq!(fixture.count(others).await, 0, "each type has its own");
}

/// Its fields might have today's names and another meaning.
#[tokio::test]
async fn events_of_newer_code_are_not_guessed_at() {
    let fixture = Fixture::new().await;
    let executor = fixture.executor();
    for command in [create(), confirm("p-1")] {
        executor
            .execute("o-1", ExpectedVersion::Any, command, &context())
            .await
            .unwrap();
    }
    let psql = fixture.psql().await;
    for version in ["3", "0", "1.0", "two", ""] {
        let sql = "UPDATE events SET event_version = $1 WHERE sequence = 1";
        psql.execute(sql, &[&version]).await.unwrap();
        let page = fixture.store.page(None, 10).await.unwrap();
        let unreadable = page[0].as_ref().unwrap_err();
        let says = format!("OrderCreated of schema version {version:?}, newest known 2");
        assert!(unreadable.reason.contains(&says), "{unreadable}");
        let second = &page[1].as_ref().unwrap().event;
        assert!(matches!(second, OrderEvent::OrderConfirmed { .. }));

        let stream = fixture.store.stream_after("o-1", 0).await.unwrap_err();
        assert!(stream.to_string().contains(&says), "{stream}");
        assert!(!stream.is_transient());
        let refused = executor
            .execute("o-1", ExpectedVersion::Any, cancel("late"), &context())
            .await
            .unwrap_err();
        assert!(matches!(
            refused,
            ExecuteError::Store(EventStoreError::Unreadable(_))
        ));
    }
}
