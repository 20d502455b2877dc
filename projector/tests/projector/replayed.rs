//! Records that come again, marked as a replay.

use event_store::replay::{ReplayLog, Replayable, Selection};
use messaging::OutgoingRecord;
use projector::history::{Class, HistoryCheck};

use crate::fixture::{Fixture, drain};

/// Replays every event to the topic.
async fn replay(fixture: &Fixture) -> u64 {
    let all = Selection::default();
    let page = ReplayLog::of(&fixture.store)
        .page(&all, &fixture.topic, ("", 0))
        .await
        .unwrap()
        .unwrap();
    let producer = fixture.kafka.ordered_producer().unwrap();
    for item in &page.items {
        let Replayable::Record(record) = &item.what else {
            panic!("{item:?}");
        };
        assert_eq!(record.headers["replayed"], "true");
        let headers = record.headers.iter();
        let headers: Vec<(&str, Option<&[u8]>)> = headers
            .map(|(name, value)| (name.as_str(), Some(value.as_bytes())))
            .collect();
        let record = OutgoingRecord {
            topic: &fixture.topic,
            key: Some(item.aggregate_id.as_bytes()),
            payload: Some(record.payload.as_bytes()),
            headers: &headers,
        };
        let sent = producer.publish(&[record]).await;
        assert!(matches!(sent[0], messaging::Delivery::Acknowledged { .. }));
    }
    page.items.len() as u64
}

#[tokio::test]
async fn replayed_records_are_repeats() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for events in [1, 2, 3] {
        ids.push(fixture.order(events).await);
    }
    fixture.relay().await;
    let mut worker = fixture.worker();
    drain(&mut worker, 6).await;
    assert_eq!(replay(&fixture).await, 6);
    // Also those whose outbox rows are gone.
    let psql = fixture.psql().await;
    psql.execute("DELETE FROM outbox", &[]).await.unwrap();
    assert_eq!(replay(&fixture).await, 6);

    let counted = drain(&mut worker, 12).await;
    assert_eq!((counted.applied, counted.repeated), (0, 12));
    assert_eq!((counted.refused, counted.healed), (0, 0));
    fixture.assert_equal_to_store(&ids).await;

    let check = HistoryCheck {
        store: fixture.store.clone(),
        database: fixture.database.clone(),
        kafka: fixture.kafka.clone(),
        topic: fixture.topic.clone(),
        read_database: fixture.read_database.clone(),
    };
    let report = check.run(true).await.unwrap();
    assert_eq!(report.faults, 0, "{:?}", report.findings);
    assert_eq!(report.count(Class::Repeated), 12);
    assert_eq!(report.records, 18);
}
