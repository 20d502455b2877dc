//! How commands get into statements. These tests have one thread: what is sent before the test first
//! waits for something goes together.

use event_store::{EventStoreError, Grouping};
use futures::FutureExt;
use futures::future::join_all;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use super::{Sent, assert_whole, stored};
use crate::fixture::{Fixture, new_id, order_store};

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(&[1.0])
        .unwrap()
        .build_recorder()
}

fn figure(recorder: &PrometheusRecorder, name: &str) -> f64 {
    let text = recorder.handle().render();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|value| value.trim().parse().ok())
        .unwrap_or(0.0)
}

#[tokio::test]
async fn commands_of_one_moment_share_a_statement_for_each_writer() {
    let recorder = recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let fixture = Fixture::new().await;
    let commands: Vec<Sent> = (0..40)
        .map(|i| Sent::new(&new_id(), 0, 1 + i % 3))
        .collect();
    for outcome in join_all(commands.iter().map(|c| c.to(&fixture.store))).await {
        outcome.unwrap();
    }
    assert_eq!(figure(&recorder, "append_statement_size_count "), 2.0);
    assert_eq!(figure(&recorder, "append_statement_size_sum "), 40.0);
    assert_eq!(figure(&recorder, "append_queue_wait_seconds_count "), 40.0);
    assert_eq!(figure(&recorder, "append_fallbacks_total "), 0.0);
    let psql = fixture.psql().await;
    let stored = stored(&psql).await;
    assert_eq!(stored.len(), 40);
    for command in commands {
        assert_eq!(stored[&command.id()], command.events as i64);
    }
    assert_whole(&psql).await;
}

#[tokio::test]
async fn each_is_judged_alone() {
    let fixture = Fixture::new().await;
    let (old, new) = (new_id(), new_id());
    Sent::new(&old, 0, 2).to(&fixture.store).await.unwrap();
    let commands = [
        Sent::new(&new, 0, 3),
        Sent::new(&old, 1, 1),
        Sent::new(&old, 2, 2),
        Sent::new(&old, 2, 1),
        Sent::new(&new_id(), 1, 1),
        Sent::new(&new, 3, 1),
    ];
    let outcomes = join_all(commands.iter().map(|c| c.to(&fixture.store))).await;
    let through: Vec<Option<u64>> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(appended) => Some(appended.version),
            Err(EventStoreError::Conflict { .. }) => None,
            Err(other) => panic!("{other}"),
        })
        .collect();
    assert_eq!(through, [Some(3), None, Some(4), None, None, Some(4)]);
    assert_whole(&fixture.psql().await).await;
}

#[tokio::test]
async fn one_commands_poison_does_not_reach_its_neighbours() {
    let recorder = recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let fixture = Fixture::new().await;
    let grouping = Grouping {
        writers: 1,
        ..Grouping::default()
    };
    let store = order_store(&fixture.database).with_grouping(grouping);
    let mut commands: Vec<Sent> = (0..9).map(|_| Sent::new(&new_id(), 0, 2)).collect();
    commands.push(Sent::new("Postgres's texts have no \0", 0, 1));
    let outcomes = join_all(commands.iter().map(|c| c.to(&store))).await;
    for outcome in &outcomes[..9] {
        assert_eq!(outcome.as_ref().unwrap().version, 2);
    }
    let refused = outcomes[9].as_ref().unwrap_err();
    assert!(matches!(refused, EventStoreError::Refused(_)), "{refused}");
    assert_eq!(figure(&recorder, "append_fallbacks_total "), 1.0);
    assert_eq!(figure(&recorder, "append_fallback_commands_total "), 10.0);
    assert_eq!(fixture.count("events").await, 18);
    assert_whole(&fixture.psql().await).await;
}

#[tokio::test]
async fn a_caller_that_goes_before_its_command_is_in_a_statement_takes_it_along() {
    let fixture = Fixture::new().await;
    let (gone, stays) = (Sent::new(&new_id(), 0, 1), Sent::new(&new_id(), 0, 1));
    let mut going = Box::pin(gone.to(&fixture.store));
    assert!((&mut going).now_or_never().is_none());
    drop(going);
    stays.to(&fixture.store).await.unwrap();
    fixture.store.drained().await;
    let stored = stored(&fixture.psql().await).await;
    assert_eq!(stored.into_keys().collect::<Vec<_>>(), [stays.id()]);
}

#[tokio::test]
async fn beyond_its_bound_the_queue_takes_nothing_on() {
    let fixture = Fixture::new().await;
    let grouping = Grouping {
        unanswered: 3,
        ..Grouping::default()
    };
    let store = order_store(&fixture.database).with_grouping(grouping);
    let commands: Vec<Sent> = (0..5).map(|_| Sent::new(&new_id(), 0, 1)).collect();
    let outcomes = join_all(commands.iter().map(|c| c.to(&store))).await;
    assert!(outcomes[..3].iter().all(Result::is_ok));
    for refused in &outcomes[3..] {
        assert!(matches!(refused, Err(EventStoreError::Overloaded)));
    }
    Sent::new(&new_id(), 0, 1).to(&store).await.unwrap();
    assert_eq!(fixture.count("events").await, 4);
}

#[tokio::test]
async fn a_command_without_events_is_an_error() {
    let fixture = Fixture::new().await;
    let mut empty = Sent::new(&new_id(), 1, 0);
    let refused = empty.to(&fixture.store).await.unwrap_err();
    assert!(matches!(refused, EventStoreError::NoEvents), "{refused}");
    empty.events = 1;
    assert!(empty.to(&fixture.store).await.is_err());
    assert_eq!(fixture.count("orders").await, 0);
}
