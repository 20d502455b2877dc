use cqrs_es::persist::SemanticVersionEventUpcaster;
use domain::order::{Order, OrderEvent};
use event_store::{Doorbell, EventStore, ExpectedVersion, StoredEvent, UnreadableEvent};

use crate::fixture::{Fixture, TOPIC, cancel, confirm, context, create};

type Read = Result<StoredEvent<OrderEvent>, UnreadableEvent>;

fn place(read: &Read) -> (String, u64) {
    match read {
        Ok(stored) => (
            stored.envelope.aggregate_id.clone(),
            stored.envelope.version,
        ),
        Err(unreadable) => (unreadable.aggregate_id.clone(), unreadable.version),
    }
}

async fn pages(store: &EventStore<Order>, limit: u32) -> Vec<Read> {
    let mut log: Vec<Read> = Vec::new();
    loop {
        let after = log.last().map(place);
        let after = after.as_ref().map(|(id, version)| (id.as_str(), *version));
        let page = store.page(after, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return log;
        }
        log.extend(page);
    }
}

#[tokio::test]
async fn pages_hold_every_event_once_stream_by_stream() {
    let fixture = Fixture::new().await;
    let executor = fixture.executor();
    let mut expected = Vec::new();
    for id in ["o-2", "o-10", "O-3", "ö"] {
        for command in [create(), confirm("p-1"), cancel("late")] {
            executor
                .execute(id, ExpectedVersion::Any, command, &context())
                .await
                .unwrap();
        }
        expected.extend((1..=3).map(|version| (id.to_owned(), version)));
    }
    let psql = fixture.psql().await;
    psql.execute(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                             payload, metadata)
         VALUES ('Payment', 'o-2', 4, 'Paid', '1', '{}', '{}')",
        &[],
    )
    .await
    .unwrap();
    expected.sort();
    for limit in [1, 2, 5, 100] {
        let log = pages(&fixture.store, limit).await;
        let places: Vec<_> = log.iter().map(place).collect();
        for pair in places.windows(2) {
            assert!(pair[0].0 != pair[1].0 || pair[0].1 + 1 == pair[1].1);
        }
        let mut sorted = places;
        sorted.sort();
        assert_eq!(sorted, expected, "pages of {limit}");
    }
    // The same as a stream that is loaded by itself.
    let log = pages(&fixture.store, 100).await;
    for stored in fixture.store.stream_after("ö", 0).await.unwrap() {
        let version = stored.envelope.version;
        let found = log
            .iter()
            .find(|read| place(read) == ("ö".to_owned(), version));
        let found = found.unwrap().as_ref().unwrap();
        assert_eq!(found.envelope, stored.envelope);
        assert_eq!(found.event, stored.event);
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_named_and_read_past() {
    let fixture = Fixture::new().await;
    for command in [create(), confirm("p-1"), cancel("late")] {
        fixture
            .executor()
            .execute("o-1", ExpectedVersion::Any, command, &context())
            .await
            .unwrap();
    }
    let broken = r#"UPDATE events SET payload = '{"OrderFrozen":{}}' WHERE sequence = 2"#;
    fixture.psql().await.execute(broken, &[]).await.unwrap();
    let log = pages(&fixture.store, 2).await;
    assert!(log[0].is_ok() && log[2].is_ok());
    let unreadable = log[1].as_ref().unwrap_err();
    assert_eq!(
        (unreadable.aggregate_id.as_str(), unreadable.version),
        ("o-1", 2)
    );
    assert!(unreadable.reason.contains("OrderFrozen"), "{unreadable}");
}

#[tokio::test]
async fn pages_and_streams_are_brought_up_to_date_alike() {
    let fixture = Fixture::new().await;
    let psql = fixture.psql().await;
    psql.execute(
        r#"INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                             payload, metadata)
         VALUES ('Order', 'o-1', 1, 'OrderConfirmed', '0', '{"OrderConfirmed":{"payment":"p-1"}}',
                 '{"correlationId":"c","causationId":"k","occurredOn":"2026-11-21T10:00:00.123456Z"}')"#,
        &[],
    )
    .await
    .unwrap();
    let renamed = SemanticVersionEventUpcaster::new(
        "OrderConfirmed",
        "1",
        Box::new(|mut payload| {
            let payment = payload["OrderConfirmed"]["payment"].take();
            serde_json::json!({ "OrderConfirmed": { "paymentId": payment } })
        }),
    );
    let store: EventStore<Order> = EventStore::new(
        fixture.database.clone(),
        TOPIC,
        vec![Box::new(renamed)],
        Doorbell::default(),
    );
    let page = store.page(None, 10).await.unwrap();
    let stream = store.stream_after("o-1", 0).await.unwrap();
    assert_eq!(page[0].as_ref().unwrap().event, stream[0].event);
    assert!(fixture.store.page(None, 10).await.unwrap()[0].is_err());
}
