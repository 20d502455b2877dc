use event_store::{CommandExecutor, EventStoreError, ExecuteError, ExpectedVersion};

use crate::cut_proxy::CutProxy;
use crate::fixture::{Fixture, confirm, context, create, database, new_id, order_store};

/// A fixture, its order, and an executor that reaches the database through a proxy.
async fn behind_proxy() -> (
    Fixture,
    String,
    CutProxy,
    CommandExecutor<domain::order::Order>,
) {
    let fixture = Fixture::new().await;
    let id = new_id();
    fixture
        .executor()
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    let proxy = CutProxy::in_front_of(&fixture.url).await;
    let url = proxy.url(&fixture.url);
    let executor = CommandExecutor::new(order_store(&database(&url, None)), ());
    (fixture, id, proxy, executor)
}

#[tokio::test]
async fn a_lost_answer_is_found_again_in_the_stream() {
    let (fixture, id, proxy, executor) = behind_proxy().await;
    proxy.lose_next_answer();
    let confirmed = executor
        .execute(&id, ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap();
    assert!(proxy.has_lost_it());
    assert_eq!((confirmed.version, confirmed.events.len()), (2, 1));
    assert_eq!(fixture.count("events").await, 2);
    assert_eq!(fixture.count("outbox").await, 2);
}

#[tokio::test]
async fn with_an_expected_version_too() {
    let (fixture, id, proxy, executor) = behind_proxy().await;
    proxy.lose_next_answer();
    let confirmed = executor
        .execute(&id, ExpectedVersion::Exactly(1), confirm("p-1"), &context())
        .await
        .unwrap();
    assert!(proxy.has_lost_it());
    assert_eq!((confirmed.version, confirmed.events.len()), (2, 1));
    assert_eq!(fixture.count("events").await, 2);
}

#[tokio::test]
async fn if_postgres_stays_away_the_outcome_is_unknown() {
    let postgres = devstack::private_postgres().await.unwrap();
    let fixture = Fixture::at(postgres.create_database("orders").await.unwrap()).await;
    let id = new_id();
    fixture
        .executor()
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    // Frozen in the middle of the statement, then killed: it was sent, and nothing came back.
    let locker = fixture.psql().await;
    locker
        .batch_execute("BEGIN; SELECT FROM orders FOR UPDATE")
        .await
        .unwrap();
    let executor = fixture.executor();
    let context = context();
    let sent = executor.execute(&id, ExpectedVersion::Any, confirm("p-1"), &context);
    let killed = async {
        wait_for_lock(&fixture).await;
        postgres.kill().unwrap();
    };
    let (outcome, ()) = tokio::join!(sent, killed);
    let error = outcome.unwrap_err();
    assert!(
        matches!(
            error,
            ExecuteError::Store(EventStoreError::OutcomeUnknown(_))
        ),
        "{error}"
    );

    postgres.start().await.unwrap();
    let again = executor
        .execute(&id, ExpectedVersion::Any, confirm("p-1"), &context)
        .await
        .unwrap();
    assert_eq!(again.version, 2);
}

/// Until the statement under test waits for the lock.
pub async fn wait_for_lock(fixture: &Fixture) {
    let psql = fixture.psql().await;
    loop {
        let row = psql
            .query_one(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE wait_event_type = 'Lock' AND datname = current_database()",
                &[],
            )
            .await
            .unwrap();
        if row.get::<_, i64>(0) > 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn if_nothing_was_sent_nothing_is_in_doubt() {
    let postgres = devstack::private_postgres().await.unwrap();
    let fixture = Fixture::at(postgres.create_database("orders").await.unwrap()).await;
    postgres.stop().await.unwrap();
    let error = fixture
        .executor()
        .execute(&new_id(), ExpectedVersion::New, create(), &context())
        .await
        .unwrap_err();
    assert!(
        matches!(error, ExecuteError::Store(EventStoreError::Unavailable(_))),
        "{error}"
    );
}

#[tokio::test]
async fn connections_that_fell_silent_are_replaced() {
    let fixture = Fixture::new().await;
    let proxy = CutProxy::in_front_of(&fixture.url).await;
    let database = database(&proxy.url(&fixture.url), None);
    let executor = CommandExecutor::new(order_store(&database), ());
    let create_one = async || {
        executor
            .execute(&new_id(), ExpectedVersion::New, create(), &context())
            .await
    };
    create_one().await.unwrap();
    proxy.freeze();
    let silent = create_one().await.unwrap_err();
    assert!(
        matches!(&silent, ExecuteError::Store(error) if error.is_transient()),
        "{silent}"
    );
    create_one().await.unwrap();
}
