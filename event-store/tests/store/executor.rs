use domain::order::{Order, OrderError, OrderStatus};
use event_store::{ExecuteError, ExpectedVersion, Terms};

use crate::fixture::{Fixture, cancel, confirm, context, create, new_id};

#[tokio::test]
async fn a_command_returns_version_state_and_events() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    let created = executor
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    assert_eq!((created.version, created.events.len()), (1, 1));
    assert_eq!(created.events[0].metadata["correlationId"], "correlation-1");
    let confirmed = executor
        .execute(&id, ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap();
    assert_eq!(confirmed.version, 2);
    assert_eq!(confirmed.aggregate.status(), Some(OrderStatus::Confirmed));
    let again = executor
        .execute(&id, ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap();
    assert_eq!((again.version, again.events.len()), (2, 0));
    assert_eq!(fixture.count("events").await, 2);
}

#[tokio::test]
async fn an_expected_version_is_held_to() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    executor
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    let stale = executor
        .execute(&id, ExpectedVersion::Exactly(3), cancel("late"), &context())
        .await
        .unwrap_err();
    assert!(matches!(
        stale,
        ExecuteError::VersionMismatch {
            expected: 3,
            current: 1
        }
    ));
    executor
        .execute(&id, ExpectedVersion::Exactly(1), cancel("late"), &context())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refused_command_leaves_nothing() {
    let fixture = Fixture::new().await;
    let refused = fixture
        .executor()
        .execute(&new_id(), ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        ExecuteError::Refused(OrderError::NotFound)
    ));
    for table in ["events", "outbox", "orders"] {
        assert_eq!(fixture.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn racing_commands_are_decided_one_after_the_other() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    executor
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    let racers = (0..8).map(|i| {
        let (executor, id) = (&executor, &id);
        async move {
            let command = if i % 2 == 0 {
                confirm("p-1")
            } else {
                cancel("late")
            };
            executor
                .execute(id, ExpectedVersion::Any, command, &context())
                .await
        }
    });
    let mut refused = 0;
    for outcome in futures::future::join_all(racers).await {
        match outcome {
            Ok(_) => {}
            Err(ExecuteError::Refused(OrderError::InvalidTransition { .. })) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    // Cancelled in the end; a confirm that came after it was refused.
    let events = fixture.store.stream(&id).await.unwrap();
    assert_eq!(events.last().unwrap().payload, cancel_event());
    assert!(refused <= 4 && (2..=3).contains(&events.len()));
}

fn cancel_event() -> domain::order::OrderEvent {
    domain::order::OrderEvent::OrderCancelled {
        reason: domain::CancelReason::new("late").unwrap(),
        saga_flow: None,
    }
}

#[tokio::test]
async fn a_new_id_that_exists_is_decided_on_what_is_there() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    for events in [1, 0] {
        let created = executor
            .execute(&id, ExpectedVersion::New, create(), &context())
            .await
            .unwrap();
        assert_eq!((created.version, created.events.len()), (1, events));
    }
}

#[tokio::test]
async fn a_stored_event_of_an_unknown_type_stops_its_own_stream_only() {
    let fixture = Fixture::new().await;
    let (executor, id, other) = (fixture.executor(), new_id(), new_id());
    for id in [&id, &other] {
        executor
            .execute(id, ExpectedVersion::New, create(), &context())
            .await
            .unwrap();
    }
    fixture
        .psql()
        .await
        .execute(
            r#"UPDATE events SET event_type = 'OrderFrozen', payload = '{"OrderFrozen":{}}' WHERE aggregate_id = $1"#,
            &[&id],
        )
        .await
        .unwrap();
    let error = executor
        .execute(&id, ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error,
            ExecuteError::Store(event_store::EventStoreError::Unreadable(_))
        ),
        "{error}"
    );
    executor
        .execute(&other, ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap();
}

/// As if somebody were faster every time.
#[tokio::test]
async fn a_command_that_never_wins_ends_with_the_version_it_met_last() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    let any = ExpectedVersion::Any;
    let created = executor.execute(&id, any, create(), &context()).await;
    assert_eq!(created.unwrap().version, 1);
    let psql = fixture.psql().await;
    let ahead = "UPDATE orders SET version = 9";
    psql.execute(ahead, &[]).await.unwrap();
    let confirmed = executor.execute(&id, any, confirm("p-1"), &context()).await;
    assert!(matches!(
        confirmed,
        Err(ExecuteError::Contended {
            attempts: 10,
            version: 1
        })
    ));
}

/// Who may not know of an aggregate learns nothing of its version either.
#[tokio::test]
async fn admission_comes_before_the_version() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    let new = ExpectedVersion::New;
    let created = executor.execute(&id, new, create(), &context()).await;
    assert_eq!(created.unwrap().version, 1);
    let confirmed = async |expected, admitted: bool| {
        let admit = |order: &Order| {
            assert!(order.placed().is_some());
            admitted.then_some(()).ok_or(OrderError::NotFound)
        };
        let terms = Terms {
            expected,
            admit: Some(&admit),
            answer: None,
        };
        executor
            .execute_on(&id, &terms, confirm("p-1"), &context())
            .await
    };
    for expected in [ExpectedVersion::Any, ExpectedVersion::Exactly(7)] {
        assert!(matches!(
            confirmed(expected, false).await,
            Err(ExecuteError::Refused(OrderError::NotFound))
        ));
    }
    assert!(matches!(
        confirmed(ExpectedVersion::Exactly(7), true).await,
        Err(ExecuteError::VersionMismatch { current: 1, .. })
    ));
    let admitted = confirmed(ExpectedVersion::Any, true).await;
    assert_eq!(admitted.unwrap().version, 2);
}

#[tokio::test]
async fn a_stream_that_the_caller_read_is_read_again_where_it_moved_on() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    let created = executor
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    let read = (created.aggregate, created.version);
    let confirmed = executor
        .execute_from(&id, read.clone(), confirm("p-1"), &context())
        .await
        .unwrap();
    assert_eq!((confirmed.version, confirmed.events.len()), (2, 1));
    // As it was read, this would have gone through.
    let late = executor
        .execute_from(&id, read, confirm("p-2"), &context())
        .await;
    assert!(matches!(late, Err(ExecuteError::Refused(_))), "{late:?}");
    assert_eq!(fixture.count("events").await, 2);
    // And as these were read, one would be refused, and the other would seem to be done.
    let other = new_id();
    executor
        .execute(&other, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    let confirmed = executor
        .execute_from(&other, (Order::default(), 0), confirm("p-1"), &context())
        .await
        .unwrap();
    assert_eq!((confirmed.version, confirmed.events.len()), (2, 1));
    let read = (confirmed.aggregate, confirmed.version);
    executor
        .execute(&other, ExpectedVersion::Any, cancel("enough"), &context())
        .await
        .unwrap();
    let again = executor
        .execute_from(&other, read, confirm("p-1"), &context())
        .await;
    assert!(matches!(again, Err(ExecuteError::Refused(_))), "{again:?}");
}

#[tokio::test]
async fn an_aggregate_stands_where_its_events_leave_it() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    assert!(fixture.store.current(&id).await.unwrap().is_none());
    assert!(fixture.store.current("\0").await.unwrap().is_none());
    let last = context();
    for (command, context) in [(create(), context()), (confirm("p-1"), last.clone())] {
        let executed = executor.execute(&id, ExpectedVersion::Any, command, &context);
        executed.await.unwrap();
    }
    // Also where the state was written by code that this one knows nothing of.
    let unknown = "UPDATE orders SET state = (state::jsonb || '{\"status\": \"PARKED\"}')::json";
    for before in ["SELECT", unknown] {
        fixture.psql().await.batch_execute(before).await.unwrap();
        let current = fixture.store.current(&id).await.unwrap().unwrap();
        assert_eq!(current.version, 2);
        assert_eq!(current.aggregate.status(), Some(OrderStatus::Confirmed));
        assert_eq!(current.context.command_id, last.command_id);
    }
}
