//! Another generation beside the one that answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use projector::{Follower, Progress, ProjectorError, Rebuild, Rebuilt, Role, Switching};
use read_models::{BuildState, Generation, OrderDocument};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, drain, end, unique};
use crate::totals::Totals;

const PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(rebuild: &Rebuild) -> Result<Rebuilt, ProjectorError> {
    rebuild.run(Arc::new(|_| {})).await
}

/// A projector at work, until this is dropped.
pub struct Projector {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Projector {
    fn start(fixture: &Fixture) -> Self {
        let stop = CancellationToken::new();
        Self::follow(fixture, fixture.follower(stop.clone()), stop)
    }

    pub fn follow(fixture: &Fixture, follower: Follower, stop: CancellationToken) -> Self {
        let check = fixture.health.check("projector");
        let task = tokio::spawn(follower.run(check));
        Self { stop, task }
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

pub async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn orders(fixture: &Fixture, how_many: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..how_many {
        ids.push(fixture.order(1 + number % 3).await);
    }
    ids
}

/// Totals included.
async fn project_all(fixture: &Fixture, records: u64) {
    let mut worker = fixture.worker();
    drain(&mut worker, records).await;
    end(fixture, worker).await;
}

async fn live(fixture: &Fixture) -> Generation {
    let live = fixture.read_database.live(OrderDocument::PROJECTION).await;
    live.unwrap().unwrap()
}

async fn role(fixture: &Fixture, number: u32) -> Role {
    fixture.generations().find(number).await.unwrap().role
}

#[tokio::test]
async fn a_rebuilt_generation_equals_the_store_and_is_switched_to_and_back() {
    let fixture = Fixture::new().await;
    let mut ids = orders(&fixture, 30).await;
    fixture.relay().await;
    let projector = Projector::start(&fixture);
    // Not on the topic yet: the store has it.
    ids.extend(orders(&fixture, 3).await);

    let rebuilt = run(&fixture.rebuild(Switching::Always)).await.unwrap();
    assert!(rebuilt.switched && rebuilt.followed, "{rebuilt:?}");
    assert_eq!((rebuilt.generation.number, rebuilt.held), (2, 0));
    assert_eq!(rebuilt.events, 60 + 6);
    assert_eq!(live(&fixture).await, rebuilt.generation);
    fixture.assert_generation(&rebuilt.generation, &ids).await;
    let totals = Totals::stored(&fixture, &rebuilt.generation).await;
    assert_eq!(totals, Totals::folded(&fixture, &ids).await);

    // Both are followed: what arrives is in both.
    ids.extend(orders(&fixture, 3).await);
    fixture.relay().await;
    for generation in [&fixture.generation, &rebuilt.generation] {
        for id in &ids {
            until("a document", async || {
                let document = fixture.document_of(generation, id).await;
                (document.as_ref() == Some(&fixture.folded(id).await)).then_some(())
            })
            .await;
        }
    }
    let (kafka, topics) = (&fixture.kafka, &fixture.topics());
    let generations = fixture.generations();
    assert_eq!(role(&fixture, 1).await, Role::Retired);
    let back = generations.rollback(kafka, topics, false).await.unwrap();
    assert_eq!(back, fixture.generation);
    assert_eq!(live(&fixture).await, fixture.generation);
    assert_eq!(role(&fixture, 2).await, Role::Retired);
    let forth = generations.rollback(kafka, topics, false).await.unwrap();
    assert_eq!(forth, rebuilt.generation);

    // Once nobody follows it, a rollback must be meant.
    projector.end().await;
    let refused = generations.rollback(kafka, topics, false).await;
    assert!(
        matches!(refused, Err(ProjectorError::Unfollowed { number: 1, .. })),
        "{refused:?}"
    );
    generations.rollback(kafka, topics, true).await.unwrap();
    assert_eq!(live(&fixture).await, fixture.generation);
}

#[tokio::test]
async fn orders_that_arrive_meanwhile_are_in_it() {
    let fixture = Arc::new(Fixture::new().await);
    let mut ids = orders(&fixture, 20).await;
    fixture.relay().await;
    let projector = Projector::start(&fixture);
    let enough = Arc::new(AtomicBool::new(false));
    let busy = tokio::spawn({
        let (fixture, enough) = (fixture.clone(), enough.clone());
        async move {
            let mut ids = Vec::new();
            while !enough.load(Ordering::Relaxed) {
                ids.push(fixture.order(3).await);
                fixture.relay().await;
            }
            ids
        }
    });
    let rebuilt = run(&fixture.rebuild(Switching::IfEqual)).await.unwrap();
    enough.store(true, Ordering::Relaxed);
    let arrived = busy.await.unwrap();
    assert!(arrived.len() > 5, "{}", arrived.len());
    ids.extend(arrived);
    // Nothing that was only on its way is taken for a difference.
    assert!(rebuilt.switched, "{:?}", rebuilt.comparison);
    for id in &ids {
        until("a document", async || {
            let document = fixture.document_of(&rebuilt.generation, id).await;
            (document.as_ref() == Some(&fixture.folded(id).await)).then_some(())
        })
        .await;
    }
    fixture.assert_generation(&rebuilt.generation, &ids).await;
    projector.end().await;
}

#[tokio::test]
async fn differences_are_found_and_keep_it_from_being_switched() {
    let fixture = Fixture::new().await;
    let ids = orders(&fixture, 9).await;
    fixture.relay().await;
    project_all(&fixture, 18).await;
    let documents = fixture.read_database.orders(&fixture.generation);
    let this = |id: &String| bson::doc! { "_id": id };
    documents.delete_one(this(&ids[0])).await.unwrap();
    let other = bson::doc! { "$set": { "restaurantId": "elsewhere" } };
    documents.update_one(this(&ids[1]), other).await.unwrap();
    let invented = documents.find_one(this(&ids[2])).await.unwrap().unwrap();
    let invented = OrderDocument {
        order_id: "invented".to_owned(),
        ..invented
    };
    documents.insert_one(invented).await.unwrap();
    let totals = fixture.read_database.database();
    let customers = totals.collection::<bson::Document>("customer_summary_1");
    customers.delete_many(bson::doc! {}).await.unwrap();
    let days = totals.collection::<bson::Document>("restaurant_day_1");
    let noted = bson::doc! { "$set": { "note": "by hand" } };
    days.update_many(bson::doc! {}, noted).await.unwrap();

    let rebuilt = run(&fixture.rebuild(Switching::IfEqual)).await.unwrap();
    assert!(!rebuilt.switched && !rebuilt.followed);
    let comparison = rebuilt.comparison.unwrap();
    let found = comparison.collections.iter();
    let found: Vec<_> = found
        .map(|c| (c.name, c.missing, c.extra, c.different))
        .collect();
    let expected = [
        ("order_view", 1, 1, 1),
        ("customer_summary", 0, 1, 0),
        ("restaurant_day", 0, 0, 1),
    ];
    assert_eq!(found, expected, "{comparison:?}");
    let examples = comparison.collections.iter().flat_map(|c| &c.examples);
    let details: Vec<String> = examples.filter_map(|d| d.detail.clone()).collect();
    assert_eq!(details, ["differs in restaurantId", "differs in note"]);
    fixture.assert_generation(&rebuilt.generation, &ids).await;
    assert_eq!(live(&fixture).await, fixture.generation);
    assert_eq!(role(&fixture, 2).await, Role::Filled);
    // Somebody who knows better.
    let generations = fixture.generations();
    let topics = fixture.topics();
    let switched = generations.switch(2, &fixture.kafka, &topics, true);
    assert_eq!(switched.await.unwrap(), rebuilt.generation);
}

/// Cut off wherever it may be, the same command ends what was begun.
#[tokio::test]
async fn a_rebuild_that_dies_anywhere_is_gone_on_with() {
    let fixture = Fixture::new().await;
    let ids = orders(&fixture, 60).await;
    fixture.relay().await;
    project_all(&fixture, 120).await;
    let mut resumed = 0;
    let mut round = 0;
    let rebuilt = loop {
        let rebuild = fixture.rebuild(Switching::IfEqual);
        let begun = Arc::new(AtomicU64::new(0));
        let seen = begun.clone();
        let progress = move |progress| {
            if let Progress::Begun {
                number, resumed, ..
            } = progress
            {
                assert_eq!(number, 2);
                seen.store(1 + u64::from(resumed), Ordering::Relaxed);
            }
        };
        let running = tokio::spawn(async move { rebuild.run(Arc::new(progress)).await });
        // Whoever comes after one that was killed waits until it is known to be gone.
        until("its beginning", async || {
            (begun.load(Ordering::Relaxed) > 0).then_some(())
        })
        .await;
        resumed += u64::from(begun.load(Ordering::Relaxed) == 2);
        tokio::time::sleep(Duration::from_millis(20 * 3_u64.pow(round))).await;
        if running.is_finished() {
            break running.await.unwrap().unwrap();
        }
        running.abort();
        round += 1;
    };
    assert!(round > 2 && resumed > 0, "{round} deaths, {resumed}");
    assert!(rebuilt.switched, "{rebuilt:?}");
    fixture.assert_generation(&rebuilt.generation, &ids).await;
    assert_eq!(fixture.generations().known().await.unwrap().len(), 2);
}

#[tokio::test]
async fn two_at_once_are_refused() {
    let fixture = Fixture::new().await;
    orders(&fixture, 3).await;
    let first = fixture.rebuild(Switching::Never);
    let second = fixture.rebuild(Switching::Never);
    let (first, second) = tokio::join!(run(&first), run(&second));
    let refused = match (first, second) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("{both:?}"),
    };
    assert!(
        matches!(refused, ProjectorError::BeingBuilt { number: 2, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn an_order_that_cannot_be_folded_is_held_back() {
    let fixture = Fixture::new().await;
    let ids = [fixture.order(3).await, fixture.order(3).await];
    fixture.relay().await;
    drain(&mut fixture.worker(), 6).await;
    let psql = fixture.psql().await;
    let frozen = r#"UPDATE events SET payload = '{"OrderFrozen":{"until":"tomorrow"}}'
        WHERE aggregate_id = $1 AND sequence = 2"#;
    psql.execute(frozen, &[&ids[0]]).await.unwrap();

    let rebuilt = run(&fixture.rebuild(Switching::Never)).await.unwrap();
    assert_eq!(rebuilt.held, 1);
    let held = |id: &String| {
        let (fixture, id) = (&fixture, id.clone());
        let generation = rebuilt.generation.clone();
        async move {
            let orders = fixture.read_database.orders(&generation);
            let entries = orders.clone_with_type::<bson::Document>();
            let found = entries.find_one(bson::doc! { "_id": id }).await.unwrap();
            found.unwrap()
        }
    };
    let stub = held(&ids[0]).await;
    assert!(stub.contains_key("heldBack"), "{stub}");
    assert_eq!(
        fixture.document_of(&rebuilt.generation, &ids[1]).await,
        Some(fixture.folded(&ids[1]).await)
    );
    let item = ("unreadable_store".to_owned(), "open".to_owned(), 0);
    assert_eq!(fixture.desk().await, [item]);
    // The next one is held by the same item.
    let again = run(&fixture.rebuild(Switching::Never)).await.unwrap();
    assert_eq!((again.generation.number, again.held), (3, 1));
    assert_eq!(fixture.desk().await.len(), 1);
}

#[tokio::test]
async fn two_schema_versions_stand_side_by_side() {
    let fixture = Fixture::new().await;
    let mut ids = orders(&fixture, 6).await;
    fixture.relay().await;
    let mut first = fixture.worker();
    drain(&mut first, 12).await;
    // What it had not committed would come again, and be counted below.
    end(&fixture, first).await;
    // What answers was made by a release of another schema version.
    let old = Generation {
        schema_version: OrderDocument::SCHEMA_VERSION + 1,
        ..fixture.generation.clone()
    };
    let set = bson::doc! { "$set": { "live.schemaVersion": old.schema_version } };
    let this = bson::doc! { "_id": OrderDocument::PROJECTION };
    fixture
        .read_database
        .pointers()
        .update_one(this, set)
        .await
        .unwrap();
    let projector = Projector::start(&fixture);
    let said = until("the command", async || {
        fixture.health.report().remove("projector")?.error
    })
    .await;
    assert!(
        said.contains("orders projections rebuild order_view"),
        "{said}"
    );
    // Its own release goes on with it.
    let mut worker = fixture.worker_of(&old);
    ids.extend(orders(&fixture, 3).await);
    fixture.relay().await;
    drain(&mut worker, 6).await;

    let rebuilt = run(&fixture.rebuild(Switching::IfEqual)).await.unwrap();
    assert!(rebuilt.switched && rebuilt.followed, "{rebuilt:?}");
    assert!(!rebuilt.comparison.unwrap().contents);
    ids.extend(orders(&fixture, 3).await);
    fixture.relay().await;
    drain(&mut worker, 6).await;
    for id in &ids {
        until("a document", async || {
            let document = fixture.document_of(&rebuilt.generation, id).await;
            (document.as_ref() == Some(&fixture.folded(id).await)).then_some(())
        })
        .await;
    }
    fixture.assert_equal_to_store(&ids).await;
    assert_eq!(
        fixture.health.report().remove("projector").unwrap().error,
        None
    );
    projector.end().await;
}

#[tokio::test]
async fn a_generation_is_dropped_but_not_the_live_one() {
    let fixture = Fixture::new().await;
    let ids = orders(&fixture, 3).await;
    fixture.relay().await;
    let projector = Projector::start(&fixture);
    run(&fixture.rebuild(Switching::Always)).await.unwrap();
    let generations = fixture.generations();
    let (kafka, topics) = (&fixture.kafka, &fixture.topics());
    let me = unique().to_string();
    let live = generations.discard(2, &me, kafka, topics).await;
    assert!(matches!(live, Err(ProjectorError::Live { number: 2, .. })));
    // Whoever follows it leaves first.
    generations.discard(1, &me, kafka, topics).await.unwrap();
    let left = fixture.read_database.database().list_collection_names();
    let left = left.await.unwrap();
    assert!(!left.iter().any(|name| name.ends_with("_1")), "{left:?}");
    let committed = kafka.committed_offsets(&fixture.generation.group, &fixture.topic);
    assert!(committed.await.unwrap().is_empty());
    let gone = generations.rollback(kafka, topics, true).await;
    assert!(matches!(gone, Err(ProjectorError::NoGeneration { .. })));
    assert_eq!(
        fixture.health.report().len(),
        4,
        "{:?}",
        fixture.health.report()
    );

    // Its number is not used again.
    let next = run(&fixture.rebuild(Switching::IfEqual)).await.unwrap();
    assert_eq!(next.generation.number, 3);
    fixture.assert_generation(&next.generation, &ids).await;
    let known = generations.known().await.unwrap();
    let states: Vec<BuildState> = known.iter().map(|k| k.record.state).collect();
    assert_eq!(states, [BuildState::Filled, BuildState::Filled]);
    projector.end().await;
}
