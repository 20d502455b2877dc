use std::time::Duration;

use messaging::TopicSpec;
use projector::{OrderView, ProjectorError, Step, live_generation};
use read_models::{Generation, OrderDocument, ProjectionPointer};

use crate::fixture::{Fixture, PARTITIONS, drain, unique};

#[tokio::test]
async fn an_outage_of_mongodb_leaves_the_batch_in_hand() {
    let mongodb = devstack::private_mongodb().await.unwrap();
    let fixture = Fixture::with_mongodb(mongodb.uri()).await;
    let ids = vec![fixture.order(3).await];
    let mut worker = fixture.worker();
    // Joins the group while everything is well.
    assert_eq!(
        worker.step(Duration::from_millis(500)).await.unwrap(),
        Step::Idle
    );
    mongodb.stop().await.unwrap();
    fixture.publish(&fixture.take_outbox().await).await;
    let error = loop {
        match worker.step(Duration::from_secs(1)).await {
            Ok(Step::Idle) => {}
            Ok(applied) => panic!("{applied:?} without a database"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ProjectorError::MongoDb(_)), "{error}");
    mongodb.start().await.unwrap();
    let counted = drain(&mut worker, 3).await;
    assert_eq!((counted.applied, counted.repeated), (3, 0));
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn a_group_without_offsets_is_an_error_that_stays() {
    let fixture = Fixture::new().await;
    fixture.order(1).await;
    fixture.publish(&fixture.take_outbox().await).await;
    let lost = Generation {
        group: format!("{}.lost", fixture.generation.group),
        ..fixture.generation.clone()
    };
    let mut worker = fixture.worker_of(&lost);
    let mut errors = 0;
    while errors < 3 {
        match worker.step(Duration::from_secs(1)).await {
            Ok(Step::Idle) => assert_eq!(errors, 0, "it has been forgotten"),
            Ok(applied) => panic!("{applied:?}"),
            Err(error) => {
                assert!(
                    matches!(error, ProjectorError::OffsetLost { .. }),
                    "{error}"
                );
                errors += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_generation_is_made_once_and_another_schema_is_left_alone() {
    let fixture = Fixture::new().await;
    let topics = fixture.topics();
    let made = || live_generation(&OrderView, &fixture.read_database, &fixture.kafka, &topics);
    assert_eq!(made().await.unwrap(), fixture.generation);
    let pointer = ProjectionPointer {
        projection: OrderDocument::PROJECTION.to_owned(),
        live: Generation {
            schema_version: OrderDocument::SCHEMA_VERSION + 1,
            ..fixture.generation.clone()
        },
        previous: None,
    };
    fixture
        .read_database
        .pointers()
        .replace_one(bson::doc! { "_id": OrderDocument::PROJECTION }, pointer)
        .await
        .unwrap();
    let error = made().await.unwrap_err();
    assert!(matches!(error, ProjectorError::OtherSchema { .. }));
    let command = "`orders projections rebuild order_view`";
    assert!(error.to_string().contains(command), "{error}");

    let topic = TopicSpec {
        name: fixture.topic.clone(),
        partitions: PARTITIONS,
        replication: 1,
    };
    fixture.kafka.ensure_topic(&topic).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_was_fenced_off_joins_anew() {
    let fixture = Fixture::new().await;
    let mut ids = vec![fixture.order(1).await];
    fixture.publish(&fixture.take_outbox().await).await;
    let member = || fixture.member_of(&fixture.generation, Some("one"));
    let mut first = member();
    drain(&mut first, 1).await;
    // Another one of the same name: the broker fences the first off for good.
    let mut second = member();
    let fenced = loop {
        let patience = Duration::from_millis(100);
        let (first, second) = tokio::join!(first.step(patience), second.step(patience));
        match (first, second) {
            (Err(error), _) | (_, Err(error)) => break error,
            (Ok(_), Ok(_)) => {}
        }
    };
    assert!(matches!(fenced, ProjectorError::Rejoined(_)), "{fenced}");
    drop(second);
    ids.push(fixture.order(2).await);
    fixture.publish(&fixture.take_outbox().await).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while fixture
        .document(&ids[1])
        .await
        .is_none_or(|d| d.version < 2)
    {
        assert!(std::time::Instant::now() < deadline);
        // Fenced once more, perhaps, by what is left of the other one.
        let step = first.step(Duration::from_millis(200)).await;
        assert!(
            matches!(step, Ok(_) | Err(ProjectorError::Rejoined(_))),
            "{step:?}"
        );
    }
    fixture.assert_equal_to_store(&ids).await;
}

/// What is polled while MongoDB is waited for stays with the worker, whenever its step is cut off.
#[tokio::test]
async fn what_was_polled_ahead_survives_a_step_that_is_cut_off() {
    let mongodb = devstack::private_mongodb().await.unwrap();
    let fixture = Fixture::with_mongodb(mongodb.uri()).await;
    let mut worker = fixture.worker();
    let mut ids = vec![fixture.order(1).await];
    fixture.relay().await;
    drain(&mut worker, 1).await;

    mongodb.pause().unwrap();
    for _ in 0..2 {
        // The first of these is in hand, and the second is polled after it.
        ids.push(fixture.order(1).await);
        fixture.relay().await;
        let step = worker.step(Duration::from_secs(2));
        let cut = tokio::time::timeout(Duration::from_secs(2), step).await;
        assert!(cut.is_err(), "{cut:?}");
    }
    mongodb.resume().unwrap();
    // The stand-in closes the connections it reads from when it was stopped, for Linux ends a read
    // that has a time-out with EINTR then (signal(7)): an outage once more, which ends by itself.
    let counted = loop {
        match worker.step(Duration::from_secs(20)).await {
            Ok(Step::Idle) => panic!("what was in hand is gone"),
            Ok(Step::Applied { counts, .. }) => break counts,
            Err(error) => assert!(matches!(error, ProjectorError::MongoDb(_)), "{error}"),
        }
    };
    drain(&mut worker, 2 - counted.applied - counted.repeated).await;
    fixture.assert_equal_to_store(&ids).await;
}

/// What was folded before Postgres was missed has taken effect, also the last of it.
#[tokio::test]
async fn an_order_that_needs_the_store_holds_up_no_other_while_postgres_is_away() {
    const ORDERS: usize = 300;
    let fixture = Fixture::new().await;
    let created = fixture.order(2).await;
    let records = fixture.take_outbox().await;
    // Its document needs the first event, which is not on the topic. It comes last in its partition,
    // so that whatever batch it is in the others have been polled, and last among a batch's orders.
    let gap = "ffffffff-ffff-7fff-bfff-ffffffffffff";
    let partition = |id: &str| event_store::slot(id) % PARTITIONS;
    let orders = std::iter::repeat_with(|| unique().to_string());
    let orders = orders.filter(|id| partition(id) == partition(gap));
    let orders: Vec<String> = orders.take(ORDERS).collect();
    for id in &orders {
        fixture.publish_as(&records[0], &created, id).await;
    }
    fixture.publish_as(&records[1], &created, gap).await;

    let mut worker = fixture.worker_without_postgres();
    let error = loop {
        if let Err(error) = worker.step(Duration::from_secs(1)).await {
            break error;
        }
    };
    assert!(matches!(error, ProjectorError::EventStore(_)), "{error}");
    for id in &orders {
        assert_eq!(fixture.document(id).await.map(|d| d.version), Some(1));
    }
    assert!(fixture.document(gap).await.is_none());
}
