use projector::{OrderView, live_generation};

use crate::fixture::{Fixture, drain};

#[tokio::test]
async fn documents_equal_the_fold_over_the_store() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for events in [1, 2, 3, 1, 3] {
        ids.push(fixture.order(events).await);
    }
    let records = fixture.take_outbox().await;
    fixture.publish(&records).await;
    let counted = drain(&mut fixture.worker(), 10).await;
    assert_eq!(
        (counted.applied, counted.repeated, counted.healed),
        (10, 0, 0)
    );
    fixture.assert_equal_to_store(&ids).await;
    let document = fixture.document(&ids[2]).await.unwrap();
    assert_eq!(
        (document.version, document.status.as_str()),
        (3, "CANCELLED")
    );
    assert_eq!(document.total_amount.to_string(), "25.98");
}

#[tokio::test]
async fn the_timeline_says_what_each_event_changed() {
    let fixture = Fixture::new().await;
    let id = fixture.order(3).await;
    fixture.publish(&fixture.take_outbox().await).await;
    drain(&mut fixture.worker(), 3).await;
    let timeline = fixture.document(&id).await.unwrap().timeline;
    let told: Vec<serde_json::Value> = timeline
        .iter()
        .map(|t| {
            assert_eq!(t.at.timestamp_millis(), 1_795_255_200_123);
            serde_json::json!([
                t.version,
                t.event_id,
                t.event_type,
                t.correlation_id,
                t.changed
            ])
        })
        .collect();
    let event_id = |version| domain::event_id("Order", &id, version);
    let expected = serde_json::json!([
        [1, event_id(1), "OrderCreated", "correlation-1", { "status": "PENDING" }],
        [2, event_id(2), "OrderConfirmed", "correlation-1",
            { "statusBefore": "PENDING", "status": "CONFIRMED", "paymentId": "p-1" }],
        [3, event_id(3), "OrderCancelled", "correlation-1",
            { "statusBefore": "CONFIRMED", "status": "CANCELLED", "cancelReason": "late" }],
    ]);
    assert_eq!(serde_json::Value::from(told), expected);
}

#[tokio::test]
async fn reading_twice_equals_reading_once() {
    let fixture = Fixture::new().await;
    let ids = vec![fixture.order(3).await, fixture.order(2).await];
    let records = fixture.take_outbox().await;
    fixture.publish(&records).await;
    fixture.publish(&records).await;
    let counted = drain(&mut fixture.worker(), 10).await;
    assert_eq!((counted.applied, counted.repeated), (5, 5));
    fixture.assert_equal_to_store(&ids).await;

    // Another group reads all of it again, onto the same documents.
    let again = fixture.another_group().await;
    let counted = drain(&mut fixture.worker_of(&again), 10).await;
    assert_eq!((counted.applied, counted.repeated), (0, 10));
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn what_is_missing_on_the_topic_comes_from_the_store() {
    let fixture = Fixture::new().await;
    let ids = vec![fixture.order(3).await];
    let records = fixture.take_outbox().await;
    fixture.publish(&records[2..]).await;
    let counted = drain(&mut fixture.worker(), 1).await;
    assert_eq!((counted.applied, counted.healed), (1, 2));
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn a_worker_goes_on_where_the_last_one_committed() {
    let fixture = Fixture::new().await;
    let mut ids = vec![fixture.order(3).await];
    fixture.publish(&fixture.take_outbox().await).await;
    let mut first = fixture.worker();
    drain(&mut first, 3).await;
    // A graceful end commits what is stored.
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    first.run(fixture.health.check("projector"), stop).await;
    ids.push(fixture.order(2).await);
    fixture.publish(&fixture.take_outbox().await).await;
    let counted = drain(&mut fixture.worker(), 2).await;
    assert_eq!((counted.applied, counted.repeated), (2, 0));
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn a_read_model_that_was_deleted_starts_from_the_first_record() {
    let fixture = Fixture::new().await;
    let ids = vec![fixture.order(3).await, fixture.order(1).await];
    fixture.publish(&fixture.take_outbox().await).await;
    let mut worker = fixture.worker();
    drain(&mut worker, 4).await;
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    worker.run(fixture.health.check("projector"), stop).await;

    fixture.read_database.database().drop().await.unwrap();
    // The group may keep its last member for a moment, and refuses as long as it does.
    let topics = fixture.topics();
    let made = loop {
        let made = live_generation(&OrderView, &fixture.read_database, &fixture.kafka, &topics);
        if let Ok(made) = made.await {
            break made;
        }
    };
    assert_eq!(made, fixture.generation);
    drain(&mut fixture.worker(), 4).await;
    fixture.assert_equal_to_store(&ids).await;
}

/// 120 documents of 160 kB are more than one command of MongoDB's may hold.
#[tokio::test]
async fn large_documents_are_written_in_several_commands() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for _ in 0..120 {
        ids.push(fixture.large_order().await);
    }
    fixture.publish(&fixture.take_outbox().await).await;
    let counted = drain(&mut fixture.worker(), 120).await;
    assert_eq!(counted.applied, 120);
    fixture.assert_equal_to_store(&ids).await;
}
