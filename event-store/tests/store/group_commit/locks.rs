//! Somebody else has a lock on what a command needs.

use event_store::{EventStoreError, Grouping};
use futures::future::join_all;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::{CALLER, Sent, assert_whole, record, stored};
use crate::fixture::{Fixture, new_id, order_store, unique};
use crate::lost_answer::wait_for_lock;

const ONE_WRITER: Grouping = Grouping {
    writers: 1,
    unanswered: 4096,
};

#[tokio::test]
async fn a_caller_that_goes_later_does_not_stop_its_command() {
    let fixture = Fixture::new().await;
    let id = new_id();
    Sent::new(&id, 0, 1).to(&fixture.store).await.unwrap();
    let locker = fixture.psql().await;
    let lock = "BEGIN; SELECT FROM orders FOR UPDATE";
    locker.batch_execute(lock).await.unwrap();
    let gone = Sent::new(&id, 1, 3);
    tokio::select! {
        _ = gone.to(&fixture.store) => panic!("it was locked"),
        () = wait_for_lock(&fixture) => {}
    }
    locker.batch_execute("COMMIT").await.unwrap();
    fixture.store.drained().await;
    let psql = fixture.psql().await;
    assert_eq!(stored(&psql).await[&gone.id()], 3);
    assert_whole(&psql).await;
}

/// As a command that goes alone in another process: the state row first, then what comes with it.
/// One that shares statements must not have its event's row already while it waits for that.
#[tokio::test]
async fn a_new_stream_is_taken_in_the_same_order_by_all() {
    let fixture = Fixture::new().await;
    let (like, id) = (new_id(), new_id());
    Sent::new(&like, 0, 1).to(&fixture.store).await.unwrap();
    let other = fixture.psql().await;
    let begin = "BEGIN; SET LOCAL lock_timeout = '20ms'";
    other.batch_execute(begin).await.unwrap();
    let state = "INSERT INTO orders (id, version, state) SELECT $1, 1, state FROM orders";
    other.execute(state, &[&id]).await.unwrap();
    let shares = Sent::new(&id, 0, 1).keyed("a key");
    let goes_on = async {
        wait_for_lock(&fixture).await;
        let event = "INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload,
                 slot, topic, version, headers)
             SELECT gen_random_uuid(), aggregate_type, $1, event_type, payload, slot, topic, 1,
                 headers FROM outbox";
        other.execute(event, &[&id]).await.unwrap();
        other.batch_execute("ROLLBACK").await.unwrap();
    };
    let (created, ()) = tokio::join!(shares.to(&fixture.store), goes_on);
    assert_eq!(created.unwrap().version, 1);
    assert_whole(&fixture.psql().await).await;
}

/// The one that waits is taken aside, and later commands pass it.
#[tokio::test]
async fn one_locked_stream_holds_up_no_other() {
    let fixture = Fixture::new().await;
    let store = order_store(&fixture.database).with_grouping(ONE_WRITER);
    let locked = new_id();
    Sent::new(&locked, 0, 1).to(&store).await.unwrap();
    let locker = fixture.psql().await;
    let lock = "BEGIN; SELECT FROM orders FOR UPDATE";
    locker.batch_execute(lock).await.unwrap();
    let waits = Sent::new(&locked, 1, 1);
    let others: Vec<Sent> = (0..10).map(|_| Sent::new(&new_id(), 0, 1)).collect();
    let neighbours = async {
        for outcome in join_all(others.iter().map(|other| other.to(&store))).await {
            outcome.unwrap();
        }
        Sent::new(&new_id(), 0, 1).to(&store).await.unwrap();
        locker.batch_execute("COMMIT").await.unwrap();
    };
    let (waited, ()) = tokio::join!(waits.to(&store), neighbours);
    assert_eq!(waited.unwrap().version, 2);
    assert_whole(&fixture.psql().await).await;
}

/// Another process is about to create the same order, and to keep an answer under the same key:
/// nothing shows before it commits, and then a constraint does.
#[tokio::test]
async fn losing_a_race_to_another_process_concerns_the_loser_only() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let fixture = Fixture::new().await;
    let store = order_store(&fixture.database).with_grouping(ONE_WRITER);
    let (same, key) = (new_id(), new_id());
    let (create, other) = (Sent::new(&same, 0, 2), Sent::new(&new_id(), 0, 1));
    let keyed = Sent::new(&new_id(), 0, 1).keyed(&key);
    let mut rival = fixture.psql().await;
    let race = rival.transaction().await.unwrap();
    let state = r#"INSERT INTO orders (id, version, state)
                   VALUES ($1, 1, '{"status":"CREATED","customerId":"c","restaurantId":"r","totalAmount":"1"}')"#;
    race.execute(state, &[&same]).await.unwrap();
    let event = "INSERT INTO events VALUES ('Order', $1, 1, 'OrderCreated', '1', '{}', '{}')";
    race.execute(event, &[&same]).await.unwrap();
    let theirs = record(&key, unique());
    let kept = "INSERT INTO idempotency_keys VALUES ($1, $2, '', 200, '{}', $3, now(), now() + interval '1 h')";
    let body = &theirs.answer.body;
    race.execute(kept, &[&CALLER, &key, body]).await.unwrap();

    let commands = [&create, &other, &keyed];
    let ours = join_all(commands.map(|command| command.to(&store)));
    let (outcomes, ()) = tokio::join!(ours, async {
        wait_for_lock(&fixture).await;
        race.commit().await.unwrap();
    });
    assert!(matches!(
        outcomes[0],
        Err(EventStoreError::Conflict { expected: 0 })
    ));
    assert_eq!(outcomes[1].as_ref().unwrap().version, 1);
    assert!(matches!(
        outcomes[2],
        Err(EventStoreError::IdempotencyKeyTaken)
    ));
    let kept = store.idempotency_keys().lookup(CALLER, &key).await.unwrap();
    assert_eq!(kept.unwrap().answer.body, *body);
    let text = recorder.handle().render();
    assert!(text.contains("append_fallbacks_total 1"), "{text}");
    assert_eq!(
        fixture.count("events").await,
        2,
        "the rival's and one of ours"
    );
}
