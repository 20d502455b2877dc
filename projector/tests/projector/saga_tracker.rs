//! Sagas as they are seen on four real topics.

use std::time::{Duration, Instant};

use bson::doc;
use domain::saga::track::{Milestone, SagaStatus};
use event_store::Outbox;
use projector::{
    Compare, Follower, Freshness, Generations, Projection, Rebuild, SagaTracker, Switching,
    check_name,
};
use tokio_util::sync::CancellationToken;

use crate::fixture::{PARTITIONS, unique};
use crate::sagas::{ALL, Sagas, declined, manual, success};

fn id() -> String {
    unique().to_string()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    pairs.collect()
}

#[tokio::test]
async fn topics_may_be_read_in_any_order_and_again() {
    let sagas = Sagas::new().await;
    let (good, bad, other) = (id(), id(), id());
    let mut documents = Vec::new();
    for order in [[3, 2, 1, 0], [0, 1, 2, 3], [1, 3, 0, 2]] {
        sagas.publish(&success(&good)).await;
        sagas.publish(&declined(&bad)).await;
        sagas.publish(&manual(&other)).await;
        for which in order {
            sagas.worker_anew(which).await.catch_up().await;
        }
        documents.push((sagas.document(&good).await, sagas.document(&bad).await));
        assert_eq!(sagas.document(&other).await, None);
    }
    let (completed, compensated) = documents[0].clone();
    let (completed, compensated) = (completed.unwrap(), compensated.unwrap());
    assert_eq!(completed.status, SagaStatus::Completed);
    assert_eq!(completed.business_process, "order/stock-first");
    assert_eq!(completed.seen.len(), 12);
    assert_eq!(completed.duration_millis, Some(320));
    let told = [Milestone::SagaStarted, Milestone::SagaCompleted];
    assert_eq!(completed.told, told);
    assert_eq!(compensated.status, SagaStatus::Compensated);
    assert_eq!(compensated.failure_reason.unwrap().as_str(), "declined");
    // What comes again changes nothing, not even the revision.
    assert_eq!(documents[1], documents[0]);
    assert_eq!(documents[2], documents[0]);
    let mut told = sagas.told().await;
    told.sort();
    let mut expected = pairs(&[
        ("SagaStarted", &good),
        ("SagaCompleted", &good),
        ("SagaStarted", &bad),
        ("SagaCompensationStarted", &bad),
        ("SagaCompensationCompleted", &bad),
    ]);
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(sagas.fixture.desk().await, []);
}

#[tokio::test]
async fn several_workers_share_a_document() {
    let sagas = Sagas::new().await;
    let ids: Vec<String> = (0..40).map(|_| id()).collect();
    for id in &ids {
        sagas.publish(&success(id)).await;
    }
    let workers = ALL.map(|which| sagas.worker(which));
    let [mut a, mut b, mut c, mut d] = workers;
    tokio::join!(a.catch_up(), b.catch_up(), c.catch_up(), d.catch_up());
    for id in &ids {
        let document = sagas.document(id).await.unwrap();
        assert_eq!(document.status, SagaStatus::Completed);
        assert_eq!(document.seen.len(), 12);
    }
    // At least once each, and the same ids.
    let mut told = sagas.told().await;
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 80);
}

#[tokio::test]
async fn poison_is_put_on_the_desk_and_stops_nothing() {
    let sagas = Sagas::new().await;
    let id = id();
    for which in ALL {
        sagas.put(which, Some(id.as_bytes()), b"poison").await;
        sagas.put(which, Some(b"\xff"), b"{}").await;
    }
    let good = success(&id);
    // Of the payments: under another key, forged, of a type and an aggregate nobody knows.
    let (which, payment) = &good[5];
    sagas.put(*which, Some(b"other"), payment.as_bytes()).await;
    for (was, is) in [
        (r#""version":2"#, r#""version":7"#),
        ("PaymentPending", "PaymentMelted"),
        (r#""Payment""#, r#""Wallet""#),
        (r#""intentId""#, r#""intent""#),
    ] {
        let changed = payment.replace(was, is);
        assert_ne!(&changed, payment);
        sagas.publish(&[(*which, changed)]).await;
    }
    sagas.publish(&good).await;
    sagas.drain_all().await;
    let document = sagas.document(&id).await.unwrap();
    assert_eq!(document.status, SagaStatus::Completed);
    let desk = sagas.fixture.desk().await;
    let count = |fault: &str| desk.iter().filter(|(f, ..)| f == fault).count();
    assert_eq!(count("no_event"), 8);
    for fault in [
        "key_mismatch",
        "foreign_event_id",
        "unknown_event_type_of_a_participant",
        "no_participant",
        "unexpected_content",
    ] {
        assert_eq!(count(fault), 1, "{fault}: {desk:?}");
    }
    assert_eq!(desk.len(), 13);
}

#[tokio::test]
async fn a_damaged_document_stops_no_other() {
    let sagas = Sagas::new().await;
    let (damaged, id) = (id(), id());
    let database = sagas.fixture.read_database.database();
    let documents = database.collection(&sagas.generation.collection);
    let document = doc! { "_id": &damaged, "revision": 1_i64, "seen": "nothing" };
    documents.insert_one(document).await.unwrap();
    sagas.publish(&success(&damaged)[..1]).await;
    sagas.publish(&success(&id)).await;
    sagas.drain_all().await;
    let status = sagas.document(&id).await.unwrap().status;
    assert_eq!(status, SagaStatus::Completed);
    let item = ("unreadable_document".to_owned(), "open".to_owned(), 0);
    assert_eq!(sagas.fixture.desk().await, [item]);
}

/// What is told twice is told by whoever saw it first; what a process that died had told, but not
/// written, is told again.
#[tokio::test]
async fn what_was_told_and_not_written_is_told_again_with_the_same_id() {
    let sagas = Sagas::new().await;
    let id = id();
    sagas.publish(&success(&id)[..1]).await;
    sagas.worker(0).catch_up().await;
    let documents = sagas.fixture.read_database.database();
    let documents = documents.collection::<bson::Document>(&sagas.generation.collection);
    documents.delete_many(doc! {}).await.unwrap();
    sagas.worker_anew(0).await.catch_up().await;
    let once = ("SagaStarted".to_owned(), id);
    assert_eq!(sagas.told().await, [once.clone(), once]);
}

#[tokio::test]
async fn a_rebuild_makes_the_same_from_the_topics_and_tells_nothing_anew() {
    let sagas = Sagas::new().await;
    let (good, bad, open, other) = (id(), id(), id(), id());
    sagas.publish(&success(&good)).await;
    sagas.publish(&declined(&bad)).await;
    sagas.publish(&success(&open)[..5]).await;
    sagas.publish(&manual(&other)).await;
    let stop = CancellationToken::new();
    let site = sagas.site(stop.clone());
    let check = site.health.check(check_name("saga_tracker"));
    let following = tokio::spawn(Follower::new(&SagaTracker, site).run(check));
    let started = Instant::now();
    let status = async |id: &str| sagas.document(id).await.map(|document| document.status);
    while status(&good).await != Some(SagaStatus::Completed)
        || status(&bad).await != Some(SagaStatus::Compensated)
        || status(&open).await != Some(SagaStatus::InProgress)
    {
        assert!(started.elapsed().as_secs() < 30);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = sagas.told().await;
    assert_eq!(told.len(), 6);
    let rebuild = Rebuild {
        projection: &SagaTracker,
        site: sagas.site(CancellationToken::new()),
        owner: id(),
        at_once: 1,
        switching: Switching::IfEqual,
    };
    let rebuilt = rebuild.run(std::sync::Arc::new(|_| {})).await.unwrap();
    let comparison = rebuilt.comparison.unwrap();
    assert!(rebuilt.switched && comparison.is_equal(), "{comparison:?}");
    assert_eq!(comparison.collections[0].missing, 0);
    let rebuilt = rebuilt.generation;
    for id in [&good, &bad, &open] {
        let before = sagas.document(id).await.unwrap();
        let mut after = sagas.document_of(&rebuilt, id).await.unwrap();
        after.revision = before.revision;
        assert_eq!(after, before);
    }
    assert_eq!(sagas.told().await, told);
    // A difference is seen.
    let database = &sagas.fixture.read_database;
    let documents = database
        .database()
        .collection::<bson::Document>(&rebuilt.collection);
    documents.delete_one(doc! { "_id": &bad }).await.unwrap();
    let generations = Generations::new(database.clone(), &SagaTracker);
    assert!(
        generations
            .status(&sagas.fixture.kafka, &sagas.topics)
            .await
            .is_ok()
    );
    let compare = Compare {
        projection: &SagaTracker,
        database,
        kafka: &sagas.fixture.kafka,
        topics: &sagas.topics,
        left: &sagas.generation,
        right: &rebuilt,
    };
    assert_eq!(compare.run(|_| {}).await.unwrap().collections[0].missing, 1);
    stop.cancel();
    following.await.unwrap();
}

/// What is on any of the topics, and not read, makes it stale.
#[tokio::test]
async fn it_is_as_fresh_as_the_slowest_of_its_topics() {
    let sagas = Sagas::new().await;
    let (fixture, generation) = (&sagas.fixture, &sagas.generation);
    let progress = ALL.map(|which| {
        let (group, topic) = (sagas.group(which), sagas.topic(which));
        let progress = fixture.kafka.group_progress(&group, topic, PARTITIONS);
        (group, progress.unwrap())
    });
    let mut freshness = Freshness::over(
        Outbox::new(fixture.database.clone()),
        progress.into(),
        fixture.read_database.clone(),
        SagaTracker.name(),
        generation.clone(),
    );
    let through = async || {
        let applied = fixture.read_database.partitions_applied(generation).await;
        applied.unwrap().applied_through
    };
    sagas.publish(&success(&id())).await;
    for which in ALL {
        freshness.note().await.unwrap();
        freshness.settle().await.unwrap();
        assert_eq!(through().await, None, "{which}");
        let mut tracker = sagas.worker(which);
        tracker.catch_up().await;
        let stop = CancellationToken::new();
        stop.cancel();
        tracker
            .worker
            .run(fixture.health.check("a worker"), stop)
            .await;
    }
    // Twice: then all partitions have the same note.
    for _ in 0..2 {
        freshness.note().await.unwrap();
        assert_eq!(freshness.settle().await.unwrap(), 0);
    }
    let first = through().await.unwrap();
    sagas.publish(&success(&id())[7..8]).await;
    for _ in 0..2 {
        freshness.note().await.unwrap();
        assert_eq!(freshness.settle().await.unwrap(), 1);
        // Three topics go on, and one of the payments' partitions does not.
        assert_eq!(through().await, Some(first));
    }
    let mut tracker = sagas.worker(2);
    tracker.catch_up().await;
    let stop = CancellationToken::new();
    stop.cancel();
    tracker
        .worker
        .run(fixture.health.check("a worker"), stop)
        .await;
    freshness.settle().await.unwrap();
    assert!(through().await.unwrap() > first);
}

/// A step that is cut off anywhere goes on from there: nothing is missing in the end, neither in the
/// documents nor of what is told.
#[tokio::test]
async fn a_step_that_is_cut_off_is_gone_on_with() {
    let sagas = Sagas::new().await;
    let ids: Vec<String> = (0..20).map(|_| id()).collect();
    for id in &ids {
        sagas.publish(&success(id)).await;
    }
    for which in ALL {
        let mut tracker = sagas.worker(which);
        let (mut cuts, mut applied) = (0, 0);
        let started = Instant::now();
        // Each cut comes a little later in the step than the one before.
        while applied == 0 || cuts < 40 {
            assert!(started.elapsed().as_secs() < 30);
            let step = tracker.worker.step(Duration::from_millis(5));
            match tokio::time::timeout(Duration::from_millis(cuts), step).await {
                Err(_) => cuts += 1,
                Ok(step) => {
                    applied += u32::from(step.unwrap());
                    cuts += 1;
                }
            }
        }
        tracker.catch_up().await;
    }
    for id in &ids {
        let document = sagas.document(id).await.unwrap();
        assert_eq!(document.status, SagaStatus::Completed);
        assert_eq!(document.seen.len(), 12);
    }
    let mut told = sagas.told().await;
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 40);
}
