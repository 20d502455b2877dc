//! A projection of a user's own: the README's example.

use std::sync::Arc;
use std::time::Duration;

use bson::{Document, doc};
use projector::{
    OrderProjection, PROJECTIONS, Projection, Requeued, Step, Worker, live_generation,
};
use read_models::Generation;
use runtime::SystemClock;

use crate::cancellations::Cancellations;
use crate::fixture::Fixture;

async fn generation(fixture: &Fixture) -> Generation {
    let (database, kafka) = (&fixture.read_database, &fixture.kafka);
    live_generation(&Cancellations, database, kafka, &fixture.topics())
        .await
        .unwrap()
}

fn worker(fixture: &Fixture, generation: &Generation) -> Worker<Cancellations> {
    let kafka = &fixture.kafka;
    let consumer = kafka.batch_consumer(&generation.group, &fixture.topic, None);
    Worker::new(
        consumer.unwrap(),
        fixture.read_database.clone(),
        fixture.store.clone(),
        fixture.dead_letters.clone(),
        generation.clone(),
        Arc::new(SystemClock),
    )
}

async fn drain(worker: &mut Worker<Cancellations>, records: u64) {
    let started = std::time::Instant::now();
    let mut seen = 0;
    while seen < records {
        assert!(started.elapsed().as_secs() < 20, "{seen} of {records}");
        let step = worker.step(Duration::from_millis(200)).await.unwrap();
        if let Step::Applied { counts, refused } = step {
            seen += counts.applied + counts.repeated + counts.held + refused;
        }
    }
}

async fn document(fixture: &Fixture, generation: &Generation, id: &str) -> Document {
    let documents = fixture
        .read_database
        .database()
        .collection(&generation.collection);
    documents
        .find_one(doc! { "_id": id })
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn it_is_kept_fresh_like_any_other() {
    let fixture = Fixture::new().await;
    let generation = generation(&fixture).await;
    assert_eq!(generation.collection, "cancellations_1");
    let ids = [fixture.order(3).await, fixture.order(1).await];
    let records = fixture.take_outbox().await;
    // The last comes first: the engine fills the gap. And then all of them once more.
    fixture.publish(&records[2..]).await;
    fixture.publish(&records).await;
    let mut worker = worker(&fixture, &generation);
    drain(&mut worker, 6).await;
    let cancelled = doc! { "_id": &ids[0], "version": 3_i64, "reason": "late" };
    assert_eq!(document(&fixture, &generation, &ids[0]).await, cancelled);
    let pending = doc! { "_id": &ids[1], "version": 1_i64, "reason": null };
    assert_eq!(document(&fixture, &generation, &ids[1]).await, pending);
}

/// One dead letter for all projections: whoever settles it, each lets its own hold go.
#[tokio::test]
async fn it_holds_back_what_cannot_be_applied_and_heals() {
    let fixture = Fixture::new().await;
    let generation = generation(&fixture).await;
    let id = fixture.order(3).await;
    let payload = crate::held::freeze(&fixture, &id, 2).await;
    let records = crate::held::publish_frozen(&fixture, &id, 2).await;
    drain(&mut worker(&fixture, &generation), records).await;
    crate::fixture::drain(&mut fixture.worker(), records).await;
    assert_eq!(fixture.desk().await.len(), 1);
    let held = document(&fixture, &generation, &id).await;
    assert_eq!(held.get_i64("version").unwrap(), 1);
    assert_eq!(
        held.get_document("heldBack")
            .unwrap()
            .get_i64("newestSeen")
            .unwrap(),
        3
    );

    crate::held::mend(&fixture, &id, 2, &payload).await;
    fixture.requeue_all().await;
    while fixture.requeued().turn().await.unwrap() > 0 {}
    fixture
        .assert_equal_to_store(std::slice::from_ref(&id))
        .await;
    let mut requeued: Requeued<Cancellations> = Requeued::new(
        fixture.read_database.clone(),
        fixture.store.clone(),
        fixture.dead_letters.clone(),
        generation.clone(),
    );
    requeued.turn().await.unwrap();
    let healed = doc! { "_id": &id, "version": 3_i64, "reason": "late" };
    assert_eq!(document(&fixture, &generation, &id).await, healed);
}

#[test]
fn names_are_not_shared() {
    let mut names: Vec<&str> = PROJECTIONS.iter().map(|p| p.name()).collect();
    assert_eq!(names, ["order_view", "event_log", "saga_tracker"]);
    names.push(Projection::name(&Cancellations));
    names.dedup();
    assert_eq!(names.len(), 4);
}

/// What the README shows is what was tested above.
#[test]
fn the_readme_shows_this_projection() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    assert!(readme.contains(include_str!("cancellations.rs")));
    assert_eq!(Cancellations::SCHEMA_VERSION, 1);
}
