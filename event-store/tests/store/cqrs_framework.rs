//! The store under `cqrs-es`'s own framework.

use std::collections::HashMap;

use cqrs_es::{AggregateError, CqrsFramework};

use crate::fixture::{Fixture, confirm, context, create, new_id};

#[tokio::test]
async fn the_stock_framework_works_on_this_store() {
    let fixture = Fixture::new().await;
    let framework = CqrsFramework::new(fixture.store.clone(), Vec::new(), ());
    let id = new_id();
    let metadata = || context().metadata();
    framework
        .execute_with_metadata(&id, create(), metadata())
        .await
        .unwrap();
    framework
        .execute_with_metadata(&id, confirm("p-1"), metadata())
        .await
        .unwrap();
    // Nothing new: nothing is written.
    framework
        .execute_with_metadata(&id, confirm("p-1"), metadata())
        .await
        .unwrap();
    let events = fixture.store.stream(&id).await.unwrap();
    let sequences: Vec<usize> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2]);
    assert_eq!(fixture.count("outbox").await, 2);
    assert_eq!(fixture.count("orders WHERE status = 'CONFIRMED'").await, 1);
}

#[tokio::test]
async fn metadata_that_events_need_is_asked_for() {
    let fixture = Fixture::new().await;
    let framework = CqrsFramework::new(fixture.store.clone(), Vec::new(), ());
    let refused = framework
        .execute_with_metadata(&new_id(), create(), HashMap::new())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, AggregateError::UnexpectedError(e) if e.to_string().contains("causationId"))
    );
    assert_eq!(fixture.count("events").await, 0);
}
