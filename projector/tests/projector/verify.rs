//! What is served beside what was decided: each damage, done by hand, is named, and healed.

use std::time::Duration;

use bson::doc;
use messaging::Kafka;
use projector::verify::{Class, Place, Report, Sample, Verification};

use crate::fixture::{Fixture, drain, end};
use crate::sagas::Sagas;
use crate::{event_log, event_log_anew, totals};

async fn verify(fixture: &Fixture, patience: Duration, heal: bool) -> Report {
    verification(fixture, patience, heal)
        .run(|_| {})
        .await
        .unwrap()
}

fn verification(fixture: &Fixture, patience: Duration, heal: bool) -> Verification {
    Verification {
        store: fixture.store.clone(),
        database: fixture.database.clone(),
        kafka: Kafka::clone(&fixture.kafka),
        topics: fixture.topics(),
        read_database: fixture.read_database.clone(),
        sample: Sample::ALL,
        patience,
        heal,
    }
}

fn found(report: &Report) -> Vec<(Place, Class, u64)> {
    let findings = report.findings.iter();
    findings.map(|f| (f.place, f.class, f.count)).collect()
}

/// Orders with 1 to 3 events, projected.
async fn projected(fixture: &Fixture) -> Vec<String> {
    let mut ids = Vec::new();
    for events in [1, 2, 3, 3, 1, 2] {
        ids.push(fixture.order(events).await);
    }
    project_all(fixture).await;
    ids
}

/// Totals included.
async fn project_all(fixture: &Fixture) {
    let mut worker = fixture.worker();
    drain(&mut worker, fixture.relay().await).await;
    end(fixture, worker).await;
}

#[tokio::test]
async fn damaged_documents_are_named_and_healed() {
    let fixture = Fixture::new().await;
    let ids = projected(&fixture).await;
    let clean = verify(&fixture, Duration::ZERO, false).await;
    assert_eq!((clean.orders, clean.faults), (6, 0), "{clean:?}");

    let documents = fixture.read_database.orders(&fixture.generation);
    let documents = documents.clone_with_type::<bson::Document>();
    documents.delete_one(doc! { "_id": &ids[0] }).await.unwrap();
    let change = async |id: &str, set: bson::Document| {
        let changed = documents.update_one(doc! { "_id": id }, doc! { "$set": set });
        assert_eq!(changed.await.unwrap().modified_count, 1);
    };
    change(&ids[1], doc! { "status": "PENDING" }).await;
    change(&ids[2], doc! { "version": 2_i64 }).await;
    change(&ids[3], doc! { "note": "by hand" }).await;
    change(&ids[5], doc! { "items": "none" }).await;
    let stray = doc! { "_id": "nobody's", "version": 1_i64 };
    documents.insert_one(stray).await.unwrap();

    let expected = [
        (Place::Document, Class::Missing, 1),
        (Place::Document, Class::Extra, 1),
        (Place::Document, Class::Behind, 1),
        (Place::Document, Class::Different, 3),
    ];
    let report = verify(&fixture, Duration::from_millis(300), false).await;
    assert_eq!(found(&report), expected);
    assert_eq!((report.faults, report.healed), (6, 0));
    let details: Vec<&str> = report.findings[3]
        .examples
        .iter()
        .map(|example| example.detail.as_str())
        .collect();
    for named in [
        "status is \"PENDING\"",
        "note is too much",
        "items is \"none\"",
    ] {
        assert!(details.iter().any(|d| d.contains(named)), "{details:?}");
    }

    let report = verify(&fixture, Duration::ZERO, true).await;
    assert_eq!(found(&report), expected);
    assert_eq!((report.faults, report.healed), (0, 6));
    fixture.assert_equal_to_store(&ids).await;
    let report = verify(&fixture, Duration::ZERO, false).await;
    assert_eq!(found(&report), []);
}

#[tokio::test]
async fn what_is_wrong_in_postgres_or_on_the_topic_is_named() {
    let fixture = Fixture::new().await;
    let ids = projected(&fixture).await;
    let psql = fixture.psql().await;
    let other = "UPDATE orders SET state = replace(state::text, 'restaurant-456', 'restaurant-457')::json WHERE id = $1";
    psql.execute(other, &[&ids[0]]).await.unwrap();
    let gone = "DELETE FROM orders WHERE id = $1";
    psql.execute(gone, &[&ids[1]]).await.unwrap();
    let stray = "INSERT INTO orders (id, version, state)
         SELECT 'nobody''s', 1, state FROM orders WHERE id = $1";
    psql.execute(stray, &[&ids[2]]).await.unwrap();
    // An event that no record was made of.
    let id = fixture.order(1).await;
    psql.execute("DELETE FROM outbox WHERE aggregate_id = $1", &[&id])
        .await
        .unwrap();
    let report = verify(&fixture, Duration::ZERO, true).await;
    assert_eq!(
        found(&report),
        [
            (Place::State, Class::Missing, 1),
            (Place::State, Class::Extra, 1),
            (Place::State, Class::Different, 1),
            (Place::Document, Class::Missing, 1),
            (Place::Topic, Class::Missing, 1),
        ]
    );
    assert_eq!((report.faults, report.healed), (4, 1));
    assert_eq!(fixture.document(&id).await.unwrap().version, 1, "healed");
}

#[tokio::test]
async fn damaged_totals_are_named_and_healed() {
    let fixture = Fixture::new().await;
    let ids = totals::some_orders(&fixture, 20).await;
    project_all(&fixture).await;
    let clean = verify(&fixture, Duration::ZERO, false).await;
    assert_eq!((clean.totals, clean.faults), (7, 0), "{clean:?}");

    let database = fixture.read_database.database();
    let (customers, days) = ("customer_summary_1", "restaurant_day_1");
    let collection = |name| database.collection::<bson::Document>(name);
    let ann = doc! { "_id": "ann" };
    collection(customers).delete_one(ann).await.unwrap();
    let change = async |name, id: &str, set: bson::Document| {
        let totals = collection(name);
        let changed = totals.update_one(doc! { "_id": id }, doc! { "$set": set });
        assert_eq!(changed.await.unwrap().modified_count, 1);
    };
    change(customers, "bob", doc! { "orders.PENDING": 99_i64 }).await;
    // Who computes it must be able to write over it.
    let broken = doc! { "revision": "none", "spent": [] };
    change(customers, "eve/é", broken).await;
    change(days, "2026-11-21/r-2", doc! { "note": "by hand" }).await;
    for (name, id) in [(customers, "mallory"), (days, "no day")] {
        let extra = doc! { "_id": id, "revision": 3_i64, "orders": { "PENDING": 1_i64 } };
        collection(name).insert_one(extra).await.unwrap();
    }

    let expected = [
        (Place::Total("customer_summary"), Class::Missing, 1),
        (Place::Total("customer_summary"), Class::Extra, 1),
        (Place::Total("customer_summary"), Class::Different, 2),
        (Place::Total("restaurant_day"), Class::Extra, 1),
        (Place::Total("restaurant_day"), Class::Different, 1),
    ];
    let report = verify(&fixture, Duration::from_millis(300), false).await;
    assert_eq!(found(&report), expected);
    assert_eq!((report.faults, report.healed), (6, 0));
    let detail = |finding: usize| report.findings[finding].examples[0].detail.as_str();
    assert!(detail(2).starts_with("orders is "), "{}", detail(2));
    assert_eq!(detail(4), "note is too much");
    // A sample, large enough to have an order in each of these totals.
    let mut sample = verification(&fixture, Duration::ZERO, false);
    sample.sample = Sample::percent(99.9999).unwrap();
    let report = sample.run(|_| {}).await.unwrap();
    assert_eq!(report.faults, 4, "{report:?}");

    let report = verify(&fixture, Duration::ZERO, true).await;
    assert_eq!(found(&report), expected);
    assert_eq!((report.faults, report.healed), (0, 6));
    let report = verify(&fixture, Duration::ZERO, false).await;
    assert_eq!(found(&report), []);
    for (name, id) in [(customers, "mallory"), (days, "no day")] {
        let emptied = doc! { "_id": id, "orders.PENDING": 0_i64, "revision": 4_i64 };
        let deleted = collection(name).delete_one(emptied).await.unwrap();
        assert_eq!(deleted.deleted_count, 1, "{id}");
    }
    totals::assert_equal_to_store(&fixture, &ids).await;
}

#[tokio::test]
async fn a_damaged_log_is_named() {
    let fixture = Fixture::new().await;
    let generation = event_log::generation(&fixture).await;
    projected(&fixture).await;
    fixture.publish_bytes(None, Some(b"\xfe")).await;
    event_log::catch_up(&fixture, &generation).await;
    project_all(&fixture).await;
    let clean = verify(&fixture, Duration::ZERO, false).await;
    assert_eq!((clean.records, clean.faults), (13, 0), "{clean:?}");

    let log = fixture.read_database.database();
    let log = log.collection::<bson::Document>(&generation.collection);
    let one = doc! { "version": 3_i64 };
    let gone = log.find_one_and_delete(one).await.unwrap().unwrap();
    let other = doc! { "$set": { "correlationId": "another" } };
    let changed = log.update_one(doc! { "version": 2_i64 }, other).await;
    assert_eq!(changed.unwrap().modified_count, 1);
    // In the place of no record, and under an id that is no place.
    let mut far = gone.clone();
    far.insert("_id", format!("{}/0/4711", fixture.topic));
    far.insert("offset", 4711_i64);
    let mut strange = gone;
    strange.insert("_id", 7_i64);
    log.insert_many([far, strange]).await.unwrap();

    let report = verify(&fixture, Duration::from_millis(300), true).await;
    let expected = [
        (Place::EventLog, Class::Missing, 1),
        (Place::EventLog, Class::Extra, 2),
        (Place::EventLog, Class::Different, 1),
    ];
    assert_eq!(found(&report), expected);
    assert_eq!((report.faults, report.healed), (4, 0));
    let detail = &report.findings[2].examples[0].detail;
    assert!(detail.starts_with("correlationId is"), "{detail}");
}

/// Of the orders' topic, of those of participants, and of the one that tells of sagas.
#[tokio::test]
async fn a_log_of_all_topics_is_compared_with_all_of_them() {
    let Sagas {
        fixture, topics, ..
    } = Sagas::new().await;
    let generation = event_log::generation(&fixture).await;
    projected(&fixture).await;
    for topic in topics.others.iter().chain(&topics.sagas) {
        fixture.publish_to(&topic.name, b"told").await;
    }
    let projector = event_log_anew::follow(&fixture, topics.clone());
    event_log_anew::wait_for(&fixture, &generation, 12 + 4).await;
    projector.end().await;
    let verification = Verification {
        topics: topics.clone(),
        ..verification(&fixture, Duration::ZERO, false)
    };
    let clean = verification.run(|_| {}).await.unwrap();
    assert_eq!((clean.records, clean.faults), (16, 0), "{clean:?}");

    let log = fixture.read_database.database();
    let log = log.collection::<bson::Document>(&generation.collection);
    let of_sagas = doc! { "topic": topics.sagas.unwrap().name };
    let gone = log.delete_one(of_sagas).await.unwrap();
    assert_eq!(gone.deleted_count, 1);
    let report = verification.run(|_| {}).await.unwrap();
    assert_eq!(found(&report), [(Place::EventLog, Class::Missing, 1)]);
}

/// Orders arrive, are relayed, projected and logged all the time.
#[tokio::test]
async fn a_system_at_work_raises_no_alarm() {
    let fixture = Fixture::new().await;
    projected(&fixture).await;
    let (mut worker, mut rounds) = (fixture.worker(), 0);
    let log = event_log::generation(&fixture).await;
    let mut log = event_log::worker(&fixture, &log);
    let verification = verification(&fixture, Duration::from_secs(20), false);
    let at_work = async {
        loop {
            fixture.order(2).await;
            tokio::task::yield_now().await;
            fixture.relay().await;
            worker.step(Duration::ZERO).await.unwrap();
            log.step(Duration::ZERO).await.unwrap();
        }
    };
    let checks = async {
        while rounds < 5 {
            let report = verification.run(|_| {}).await.unwrap();
            assert_eq!(report.findings.len(), 0, "{report:?}");
            rounds += 1;
        }
    };
    tokio::select! {
        () = at_work => {}
        () = checks => {}
    }
    assert_eq!(rounds, 5);
}

#[tokio::test]
async fn junk_and_held_orders_are_no_faults() {
    let fixture = Fixture::new().await;
    let id = fixture.order(1).await;
    let created = fixture.take_outbox().await.remove(0);
    fixture.publish(std::slice::from_ref(&created)).await;
    // Beyond the head, with the id that such an event would have.
    let far = created
        .payload
        .replace(r#""version":1"#, r#""version":9"#)
        .replace(
            &domain::event_id("Order", &id, 1).to_string(),
            &domain::event_id("Order", &id, 9).to_string(),
        );
    fixture.publish_raw(&id, &far).await;
    fixture.publish_raw("nobody", "junk").await;
    let mut worker = fixture.worker();
    drain(&mut worker, 3).await;
    // A record that Kafka refuses holds the order's document back as well.
    let waiting = fixture.order(1).await;
    let sql = "UPDATE outbox SET status = 'FAILED', next_attempt_at = 'infinity'
         WHERE aggregate_id = $1";
    fixture
        .psql()
        .await
        .execute(sql, &[&waiting])
        .await
        .unwrap();
    let report = verify(&fixture, Duration::ZERO, false).await;
    assert_eq!(report.faults, 0, "{report:?}");
    assert_eq!(
        found(&report),
        [
            (Place::Document, Class::Held, 1),
            (Place::Topic, Class::Held, 1),
        ]
    );
}
