//! What older code has stored, published and written.

use bson::{Document, doc};
use projector::history::HistoryCheck;

use crate::fixture::{Fixture, drain};

/// An order as older code has left it: its first event, and that event's record, of version 1.
async fn old_order(fixture: &Fixture, events: usize) -> String {
    let id = fixture.order(events).await;
    let psql = fixture.psql().await;
    for sql in [
        r#"UPDATE events SET event_version = '1',
               payload = replace(payload::text, '"currency":"EUR",', '')::json
           WHERE aggregate_id = $1 AND sequence = 1 AND event_version = '2'
             AND payload::text LIKE '%"currency":"EUR",%'"#,
        r#"UPDATE outbox SET payload = replace(replace(payload::text, '"currency":"EUR",', ''),
               '"schemaVersion":2', '"schemaVersion":1')::json
           WHERE aggregate_id = $1 AND version = 1 AND payload::text LIKE '%"schemaVersion":2,%'"#,
    ] {
        assert_eq!(psql.execute(sql, &[&id]).await.unwrap(), 1);
    }
    id
}

async fn assert_history_is_clean(fixture: &Fixture) {
    let check = HistoryCheck {
        store: fixture.store.clone(),
        database: fixture.database.clone(),
        kafka: fixture.kafka.clone(),
        topic: fixture.topic.clone(),
        read_database: fixture.read_database.clone(),
    };
    let report = check.run(false).await.unwrap();
    assert_eq!(report.faults, 0, "{:?}", report.findings);
}

#[tokio::test]
async fn old_records_and_old_rows_make_the_same_documents_as_new_ones() {
    let fixture = Fixture::new().await;
    let ids = [
        old_order(&fixture, 3).await,
        fixture.order(2).await,
        old_order(&fixture, 1).await,
    ];
    let records = fixture.take_outbox().await;
    fixture.publish(&records).await;
    let counted = drain(&mut fixture.worker(), 6).await;
    assert_eq!((counted.applied, counted.refused), (6, 0));
    fixture.assert_equal_to_store(&ids).await;
    for id in &ids {
        let document = fixture.document(id).await.unwrap();
        assert_eq!(document.currency.as_str(), "EUR");
    }
    assert_history_is_clean(&fixture).await;
}

/// Only the last event is on the topic: the others come from the store's old rows.
#[tokio::test]
async fn old_rows_fill_gaps_and_heal() {
    let fixture = Fixture::new().await;
    let ids = [old_order(&fixture, 3).await];
    let records = fixture.take_outbox().await;
    fixture.publish(&records[2..]).await;
    let counted = drain(&mut fixture.worker(), 1).await;
    assert_eq!((counted.applied, counted.healed), (1, 2));
    fixture.assert_equal_to_store(&ids).await;

    // Junk under the order's key: the store is folded, and the document found to be right.
    fixture.publish_raw(&ids[0], "junk").await;
    let again = fixture.another_group().await;
    let counted = drain(&mut fixture.worker_of(&again), 2).await;
    assert_eq!((counted.repeated, counted.refused), (1, 1));
    fixture.assert_equal_to_store(&ids).await;
    assert!(fixture.document(&ids[0]).await.unwrap().held_back.is_none());
}

#[tokio::test]
async fn old_documents_are_right_and_go_on() {
    let fixture = Fixture::new().await;
    let ids = [old_order(&fixture, 3).await];
    let records = fixture.take_outbox().await;
    fixture.publish(&records[..2]).await;
    let mut worker = fixture.worker();
    drain(&mut worker, 2).await;
    let documents = fixture.read_database.orders(&fixture.generation);
    let documents = documents.clone_with_type::<Document>();
    let this = || doc! { "_id": &ids[0] };
    let old = doc! { "$unset": { "currency": 1 } };
    let changed = documents.update_one(this(), old).await.unwrap();
    assert_eq!(changed.modified_count, 1);
    fixture.publish(&records[2..]).await;
    let read = fixture.document(&ids[0]).await.unwrap();
    assert_eq!(read.currency.as_str(), "EUR");

    drain(&mut worker, 1).await;
    fixture.assert_equal_to_store(&ids).await;
    let written = documents.find_one(this()).await.unwrap().unwrap();
    assert_eq!(written.get_str("currency").unwrap(), "EUR");
}
