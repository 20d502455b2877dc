use std::time::Duration;

use domain::contract::Stub;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, Subject,
};
use projector::history::{Class, HistoryCheck, Report};
use serde_json::json;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, drain};

async fn check(fixture: &Fixture) -> Report {
    verify(fixture, false).await
}

async fn verify(fixture: &Fixture, settled: bool) -> Report {
    let check = HistoryCheck {
        store: fixture.store.clone(),
        database: fixture.database.clone(),
        kafka: fixture.kafka.clone(),
        topic: fixture.topic.clone(),
        read_database: fixture.read_database.clone(),
    };
    check.run(settled).await.unwrap()
}

fn found(report: &Report) -> Vec<(Class, u64)> {
    let counts = Class::ALL.map(|class| (class, report.count(class)));
    counts.into_iter().filter(|(_, n)| *n > 0).collect()
}

async fn sql(fixture: &Fixture, statement: &str, id: &str) {
    let (client, connection) = tokio_postgres::connect(&fixture.database_url, NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    assert_eq!(client.execute(statement, &[&id]).await.unwrap(), 1);
}

/// Orders with 1 to 3 events, published, projected, and the offsets committed.
async fn projected(fixture: &Fixture) -> Vec<String> {
    let mut ids = Vec::new();
    for events in [1, 2, 3, 3] {
        ids.push(fixture.order(events).await);
    }
    fixture.publish(&fixture.take_outbox().await).await;
    project(fixture, 9).await;
    ids
}

async fn project(fixture: &Fixture, events: u64) {
    let mut worker = fixture.worker();
    drain(&mut worker, events).await;
    let stop = CancellationToken::new();
    stop.cancel();
    worker.run(fixture.health.check("projector"), stop).await;
}

#[tokio::test]
async fn a_whole_history_is_clean_and_says_what_is_on_its_way() {
    let fixture = Fixture::new().await;
    projected(&fixture).await;
    let report = verify(&fixture, true).await;
    assert_eq!(found(&report), []);
    assert_eq!((report.orders, report.events, report.records), (4, 9, 9));
    assert_eq!((report.documents, report.faults), (4, 0));
    assert_eq!(
        report.collection.as_ref(),
        Some(&fixture.generation.collection)
    );

    // One order is in the outbox, another one is on the topic and not projected yet.
    fixture.order(2).await;
    fixture.publish(&fixture.take_outbox().await).await;
    fixture.order(1).await;
    let report = check(&fixture).await;
    let expected = [(Class::Pending, 1), (Class::DocumentBehind, 1)];
    assert_eq!(
        (found(&report).as_slice(), report.faults),
        (&expected[..], 0)
    );
    assert_eq!(verify(&fixture, true).await.faults, 2);
}

#[tokio::test]
async fn a_system_at_work_has_no_faults() {
    let fixture = Fixture::new().await;
    projected(&fixture).await;
    let mut worker = fixture.worker();
    let writing = async {
        loop {
            fixture.order(3).await;
            fixture.relay().await;
        }
    };
    let projecting = async {
        loop {
            worker.step(Duration::from_millis(200)).await.unwrap();
        }
    };
    let checking = async {
        let mut reports = Vec::new();
        for _ in 0..25 {
            reports.push(check(&fixture).await);
        }
        reports
    };
    let reports = tokio::select! {
        reports = checking => reports,
        () = writing => unreachable!("ends with the checks"),
        () = projecting => unreachable!("ends with the checks"),
    };
    for report in &reports {
        assert_eq!(report.faults, 0, "{:?}", found(report));
    }
    let seen: Vec<u64> = reports.iter().map(|r| r.records).collect();
    assert!(seen.first() < seen.last(), "nothing was at work: {seen:?}");
}

#[tokio::test]
async fn events_missing_on_one_side_are_named() {
    let fixture = Fixture::new().await;
    let ids = projected(&fixture).await;
    // Marked as published, and never sent.
    let lost = fixture.order(1).await;
    fixture.take_outbox().await;
    let report = check(&fixture).await;
    assert_eq!(found(&report), [(Class::Lost, 1)]);
    assert_eq!(
        report.findings[&Class::Lost].examples[0].key,
        Some(lost.clone())
    );

    sql(
        &fixture,
        "DELETE FROM events WHERE aggregate_id = $1",
        &lost,
    )
    .await;
    assert_eq!(found(&check(&fixture).await), []);
    let last = "DELETE FROM events WHERE aggregate_id = $1 AND sequence = 3";
    sql(&fixture, last, &ids[3]).await;
    let report = check(&fixture).await;
    let expected = [(Class::Phantom, 1), (Class::DocumentDifferent, 1)];
    assert_eq!(found(&report), expected);
    let example = &report.findings[&Class::Phantom].examples[0];
    assert_eq!(
        (example.key.as_ref(), example.version),
        (Some(&ids[3]), Some(3))
    );
    assert!(example.partition.is_some() && example.offset.is_some());
}

#[tokio::test]
async fn records_that_say_something_else_are_named() {
    let fixture = Fixture::new().await;
    let id = fixture.order(3).await;
    let records = fixture.take_outbox().await;
    fixture.publish(&records[..1]).await;
    let changed = records[1].payload.replace("p-1", "p-2");
    fixture.publish_raw(&id, &changed).await;
    let stub = Stub::of(records[2].payload.as_bytes()).unwrap();
    fixture.publish_raw(&id, &stub.to_json().unwrap()).await;
    let expected = [
        (Class::Different, 1),
        (Class::DocumentBehind, 1),
        (Class::Stub, 1),
    ];
    assert_eq!(found(&check(&fixture).await), expected);
}

#[tokio::test]
async fn a_record_that_is_no_event_is_a_phantom_until_it_is_refused() {
    let fixture = Fixture::new().await;
    projected(&fixture).await;
    for poison in ["poison", r#"{"eventType":"OrderCreated"}"#] {
        fixture.publish_raw("junk", poison).await;
    }
    let report = check(&fixture).await;
    assert_eq!(found(&report), [(Class::Phantom, 2)]);
    let example = &report.findings[&Class::Phantom].examples[0];
    let item = NewDeadLetter {
        source: Source::Projector,
        reason: Reason::InvalidData,
        error_message: "not an event".to_owned(),
        place: Place::Topic {
            partition: example.partition.unwrap(),
            offset: example.offset.unwrap(),
        },
        original: OriginalRecord {
            topic: fixture.topic.clone(),
            ..OriginalRecord::default()
        },
        subject: Subject::default(),
        metadata: json!({}),
    };
    let letters = DeadLetters::new(fixture.database.clone());
    letters.record(&item).await.unwrap();
    let expected = [(Class::Phantom, 1), (Class::Refused, 1)];
    assert_eq!(found(&check(&fixture).await), expected);
}

#[tokio::test]
async fn documents_that_are_not_the_fold_are_named() {
    let fixture = Fixture::new().await;
    let ids = projected(&fixture).await;
    let orders = fixture.read_database.orders(&fixture.generation);
    let set = |id: &str, fields: bson::Document| {
        orders
            .update_one(bson::doc! { "_id": id }, bson::doc! { "$set": fields })
            .into_future()
    };
    set(&ids[0], bson::doc! { "customerId": "somebody" })
        .await
        .unwrap();
    set(&ids[1], bson::doc! { "heldBack": { "deadLetterId": "x" } })
        .await
        .unwrap();
    orders
        .delete_one(bson::doc! { "_id": &ids[2] })
        .await
        .unwrap();
    let unknown = bson::doc! { "_id": "nobody's", "version": 1_i64 };
    let raw = orders.clone_with_type::<bson::Document>();
    raw.insert_one(unknown).await.unwrap();
    let expected = [
        (Class::DocumentMissing, 1),
        (Class::DocumentDifferent, 1),
        (Class::DocumentUnknown, 1),
        (Class::DocumentHeld, 1),
    ];
    let report = check(&fixture).await;
    assert_eq!(found(&report), expected);
    let example = &report.findings[&Class::DocumentDifferent].examples[0];
    assert_eq!(example.detail.as_deref(), Some("differs in customerId"));
}
