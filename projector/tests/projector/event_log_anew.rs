//! Generations of the log, rebuilt from the topics.

use bson::{Document, doc};
use messaging::TopicSpec;
use projector::{
    EventLog, Follower, Generations, ProjectorError, Rebuild, Role, Site, Switching, Topic, Topics,
};
use read_models::{Generation, LoggedRecord};
use tokio_util::sync::CancellationToken;

use crate::event_log::{assert_equal_to_topic, catch_up, generation, log};
use crate::fixture::{Fixture, PARTITIONS};
use crate::rebuild::{Projector, run, until};

fn rebuild(fixture: &Fixture, switching: Switching) -> Rebuild {
    Rebuild {
        projection: &EventLog,
        ..fixture.rebuild(switching)
    }
}

pub fn follow(fixture: &Fixture, topics: Topics) -> Projector {
    let stop = CancellationToken::new();
    let site = Site {
        topics,
        ..fixture.site(stop.clone())
    };
    Projector::follow(fixture, Follower::new(&EventLog, site), stop)
}

async fn publish(fixture: &Fixture) {
    for _ in 0..20 {
        fixture.order(3).await;
    }
    let records = fixture.take_outbox().await;
    fixture.publish(&records).await;
    fixture.publish(&records[..7]).await;
    fixture.publish_bytes(None, Some(b"\xfe")).await;
}

pub async fn wait_for(fixture: &Fixture, generation: &Generation, records: usize) {
    until("the log", async || {
        (log(fixture, generation).await.len() == records).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_log_is_rebuilt_from_the_topic_switched_to_and_back() {
    let fixture = Fixture::new().await;
    publish(&fixture).await;
    let projector = follow(&fixture, fixture.topics());
    let first = generation(&fixture).await;
    wait_for(&fixture, &first, 68).await;

    let rebuilt = run(&rebuild(&fixture, Switching::IfEqual)).await.unwrap();
    assert!(rebuilt.switched && rebuilt.followed, "{rebuilt:?}");
    assert_eq!((rebuilt.generation.number, rebuilt.events), (2, 68));
    let comparison = rebuilt.comparison.unwrap();
    assert_eq!(comparison.collections[0].documents, 68);
    // Both are followed.
    publish(&fixture).await;
    for generation in [&first, &rebuilt.generation] {
        wait_for(&fixture, generation, 136).await;
        assert_equal_to_topic(&fixture, &log(&fixture, generation).await).await;
    }
    let generations = Generations::new(fixture.read_database.clone(), &EventLog);
    let (kafka, topics) = (&fixture.kafka, &fixture.topics());
    let back = generations.rollback(kafka, topics, false).await.unwrap();
    assert_eq!(back, first);
    let dropped = generations.discard(2, "me", kafka, topics).await;
    dropped.unwrap();
    let status = generations.status(kafka, topics).await.unwrap();
    assert_eq!(status.len(), 1);
    assert_eq!((status[0].role, status[0].behind), (Role::Live, 0));
    let committed = kafka.committed_offsets(&rebuilt.generation.group, &fixture.topic);
    assert!(committed.await.unwrap().is_empty());
    projector.end().await;
}

#[tokio::test]
async fn a_damaged_log_is_found_out_and_not_switched_from_unasked() {
    let fixture = Fixture::new().await;
    publish(&fixture).await;
    let first = generation(&fixture).await;
    catch_up(&fixture, &first).await;
    let database = fixture.read_database.database();
    let damaged = database.collection::<Document>(&first.collection);
    let one = damaged.find_one(doc! { "version": 2_i64 }).await.unwrap();
    damaged.delete_one(one.clone().unwrap()).await.unwrap();
    let other = doc! { "$set": { "payload": "another" } };
    let this = doc! { "version": 3_i64 };
    damaged.update_one(this, other).await.unwrap();
    let mut invented = one.unwrap();
    invented.insert("_id", format!("{}/0/4711", fixture.topic));
    invented.insert("offset", 4711_i64);
    damaged.insert_one(invented).await.unwrap();

    let rebuilt = run(&rebuild(&fixture, Switching::IfEqual)).await.unwrap();
    assert!(!rebuilt.switched, "{rebuilt:?}");
    let comparison = rebuilt.comparison.unwrap();
    let found = &comparison.collections[0];
    assert_eq!((found.missing, found.extra, found.different), (1, 1, 1));
    let anew = log(&fixture, &rebuilt.generation).await;
    assert_equal_to_topic(&fixture, &anew).await;
    let again = run(&rebuild(&fixture, Switching::Always)).await.unwrap();
    assert!(again.switched);
    let live = fixture.read_database.live(LoggedRecord::PROJECTION).await;
    assert_eq!(live.unwrap(), Some(again.generation));
}

/// Cut off wherever it may be, the same command ends what was begun.
#[tokio::test]
async fn a_rebuild_of_the_log_that_dies_is_gone_on_with() {
    let fixture = Fixture::new().await;
    publish(&fixture).await;
    let first = generation(&fixture).await;
    catch_up(&fixture, &first).await;
    for life in [300, 1500] {
        let rebuild = rebuild(&fixture, Switching::IfEqual);
        let life = std::time::Duration::from_millis(life);
        let _ = tokio::time::timeout(life, run(&rebuild)).await;
    }
    let rebuilt = run(&rebuild(&fixture, Switching::IfEqual)).await.unwrap();
    assert_eq!((rebuilt.generation.number, rebuilt.switched), (2, true));
    let anew = log(&fixture, &rebuilt.generation).await;
    assert_equal_to_topic(&fixture, &anew).await;
}

#[tokio::test]
async fn a_topic_that_is_added_later_is_logged_from_its_beginning() {
    let fixture = Fixture::new().await;
    publish(&fixture).await;
    let projector = follow(&fixture, fixture.topics());
    let first = generation(&fixture).await;
    wait_for(&fixture, &first, 68).await;
    projector.end().await;

    let payments = format!("{}-payments", fixture.topic);
    let spec = TopicSpec {
        name: payments.clone(),
        partitions: PARTITIONS,
        replication: 1,
    };
    fixture.kafka.ensure_topic(&spec).await.unwrap();
    let topics = Topics {
        others: vec![Topic {
            name: payments.clone(),
            partitions: PARTITIONS,
        }],
        ..fixture.topics()
    };
    let of_payments = fixture.publish_to(&payments, b"paid").await;
    let projector = follow(&fixture, topics.clone());
    wait_for(&fixture, &first, 69).await;
    let mut anew = rebuild(&fixture, Switching::IfEqual);
    anew.site.topics = topics.clone();
    let rebuilt = run(&anew).await.unwrap();
    assert!(rebuilt.switched && rebuilt.followed, "{rebuilt:?}");
    let id = format!("{payments}/{of_payments}/0");
    for generation in [&first, &rebuilt.generation] {
        let log = log(&fixture, generation).await;
        assert_eq!(log.len(), 69);
        assert!(log.iter().any(|record| record.id == id));
    }
    let generations = Generations::new(fixture.read_database.clone(), &EventLog);
    let status = generations.status(&fixture.kafka, &topics).await.unwrap();
    let topic_of = |number: usize| status[number].topic.as_str();
    assert_eq!(status.len(), 4);
    assert_eq!((topic_of(2), topic_of(3)), (&*fixture.topic, &*payments));
    projector.end().await;
    // Each group goes with the generation.
    generations
        .switch(1, &fixture.kafka, &topics, true)
        .await
        .unwrap();
    generations
        .discard(2, "me", &fixture.kafka, &topics)
        .await
        .unwrap();
    let gone = generations.find(2).await;
    assert!(matches!(gone, Err(ProjectorError::NoGeneration { .. })));
}
