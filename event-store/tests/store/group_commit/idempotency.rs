use std::time::Duration;

use domain::order::Order;
use event_store::{EventStoreError, ExecuteError, Executed, ExpectedVersion, Terms};
use futures::future::join_all;

use super::{CALLER, Sent, assert_whole, record, stored};
use crate::fixture::{Fixture, confirm, context, create, new_id, unique};

#[tokio::test]
async fn the_key_comes_with_the_events_and_keeps_others_out() {
    let fixture = Fixture::new().await;
    let keys = fixture.store.idempotency_keys();
    assert_eq!(keys.lookup(CALLER, "k").await.unwrap(), None);
    let first = Sent::new(&new_id(), 0, 3).keyed("k");
    first.to(&fixture.store).await.unwrap();
    let kept = keys.lookup(CALLER, "k").await.unwrap().unwrap();
    let sent = first.idempotency.as_ref().unwrap();
    assert_eq!(kept.answer, sent.answer);
    assert_eq!(kept.fingerprint, sent.fingerprint);
    assert_eq!(keys.lookup("caller-2", "k").await.unwrap(), None);

    let again = Sent::new(&new_id(), 0, 1)
        .keyed("k")
        .to(&fixture.store)
        .await;
    assert!(matches!(again, Err(EventStoreError::IdempotencyKeyTaken)));
    // Its own stream has moved on by its own event: the answer is there all the same.
    let again = Sent::new(&first.stream, 0, 3)
        .keyed("k")
        .to(&fixture.store)
        .await;
    assert!(matches!(again, Err(EventStoreError::IdempotencyKeyTaken)));
    assert_eq!(fixture.count("events").await, 3);
    assert_whole(&fixture.psql().await).await;
}

#[tokio::test]
async fn of_commands_with_one_key_one_goes_through() {
    let fixture = Fixture::new().await;
    let commands: Vec<Sent> = (0..12)
        .map(|_| Sent::new(&new_id(), 0, 2).keyed("k"))
        .collect();
    let outcomes = join_all(commands.iter().map(|c| c.to(&fixture.store))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes {
        assert!(matches!(
            outcome,
            Ok(_) | Err(EventStoreError::IdempotencyKeyTaken)
        ));
    }
    assert_eq!(fixture.count("events").await, 2);
    assert_whole(&fixture.psql().await).await;
}

#[tokio::test]
async fn a_refused_command_leaves_no_key() {
    let fixture = Fixture::new().await;
    let refused = Sent::new(&new_id(), 7, 1)
        .keyed("k")
        .to(&fixture.store)
        .await;
    assert!(matches!(
        refused,
        Err(EventStoreError::Conflict { expected: 7 })
    ));
    assert_eq!(fixture.count("idempotency_keys").await, 0);
}

#[tokio::test]
async fn an_expired_key_counts_as_absent() {
    let fixture = Fixture::new().await;
    let keys = fixture.store.idempotency_keys();
    let mut first = Sent::new(&new_id(), 0, 1).keyed("k");
    first.idempotency.as_mut().unwrap().kept_for = Duration::ZERO;
    first.to(&fixture.store).await.unwrap();
    assert_eq!(keys.lookup(CALLER, "k").await.unwrap(), None);

    let commands: Vec<Sent> = ["k", "k", "l"]
        .map(|key| Sent::new(&new_id(), 0, 1).keyed(key))
        .into();
    let outcomes = join_all(commands.iter().map(|c| c.to(&fixture.store))).await;
    assert!(outcomes[0].is_ok() != outcomes[1].is_ok() && outcomes[2].is_ok());
    let through = if outcomes[0].is_ok() { 0 } else { 1 };
    let kept = keys.lookup(CALLER, "k").await.unwrap().unwrap();
    let id = commands[through].id().to_string();
    assert_eq!(kept.answer.body, id.as_bytes());
    let psql = fixture.psql().await;
    assert_eq!(stored(&psql).await.len(), 3);
    assert_whole(&psql).await;
}

#[tokio::test]
async fn an_executed_command_keeps_the_answer_made_of_its_outcome() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    let answer = |executed: &Executed<Order>| {
        let mut record = record("k", unique());
        record.answer.body = format!("version {}", executed.version).into_bytes();
        record
    };
    let once = async |command| {
        let terms = Terms {
            expected: ExpectedVersion::Any,
            admit: None,
            answer: Some(&answer),
        };
        executor.execute_on(&id, &terms, command, &context()).await
    };
    assert_eq!(once(create()).await.unwrap().version, 1);
    let kept = fixture.store.idempotency_keys().lookup(CALLER, "k").await;
    assert_eq!(kept.unwrap().unwrap().answer.body, b"version 1");
    let again = once(confirm("p-1")).await.unwrap_err();
    assert!(matches!(
        again,
        ExecuteError::Store(EventStoreError::IdempotencyKeyTaken)
    ));
    assert_eq!(fixture.count("events").await, 1);
}

#[tokio::test]
async fn an_answer_without_events_is_kept_once() {
    let fixture = Fixture::new().await;
    let keys = fixture.store.idempotency_keys();
    let mut records: Vec<_> = (0..8).map(|_| record("k", unique())).collect();
    let outcomes = join_all(records.iter().map(|record| keys.keep(record))).await;
    let kept = outcomes.iter().position(Result::is_ok).unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let found = keys.lookup(CALLER, "k").await.unwrap().unwrap();
    assert_eq!(found.answer, records[kept].answer);

    let expired = "UPDATE idempotency_keys SET expires_at = now()";
    fixture.psql().await.execute(expired, &[]).await.unwrap();
    records[0].kept_for = Duration::ZERO;
    keys.keep(&records[0]).await.unwrap();
    keys.keep(&records[1]).await.unwrap();
    let taken = keys.keep(&records[2]).await;
    assert!(matches!(taken, Err(EventStoreError::IdempotencyKeyTaken)));
}

#[tokio::test]
async fn what_has_expired_is_deleted_page_by_page() {
    let fixture = Fixture::new().await;
    let keys = fixture.store.idempotency_keys();
    for i in 0..5 {
        let mut record = record(&format!("k-{i}"), unique());
        record.kept_for *= u32::from(i == 4);
        keys.keep(&record).await.unwrap();
    }
    let mut deleted = Vec::new();
    for _ in 0..3 {
        deleted.push(keys.delete_expired(3).await.unwrap());
    }
    assert_eq!(deleted, [3, 1, 0]);
    assert!(keys.lookup(CALLER, "k-4").await.unwrap().is_some());
}
