use domain::order::{Order, OrderEvent};
use event_store::{EventStore, ExpectedVersion, IdRange, StoredEvent, UnreadableEvent};

use crate::fixture::{Fixture, cancel, confirm, context, create};

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

/// Enough rows for several ranges; one stream is longer than a page.
#[tokio::test]
async fn ranges_hold_every_event_once() {
    let fixture = Fixture::new().await;
    let sql = r#"INSERT INTO events
             (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         SELECT 'Order', 'o-' || id, sequence, 'OrderConfirmed', '1',
             '{"OrderConfirmed":{"paymentId":"p-1"}}', '{}'
         FROM generate_series(1, 3000) AS id,
             generate_series(1, CASE WHEN id = 77 THEN 300 ELSE 2 END) AS sequence"#;
    fixture.psql().await.execute(sql, &[]).await.unwrap();
    let cuts = fixture.store.cuts(4).await.unwrap();
    assert_eq!(cuts.len(), 3, "{cuts:?}");
    let (mut found, mut largest) = (Vec::new(), 0);
    for range in IdRange::between(&cuts) {
        let mut log: Vec<Read> = Vec::new();
        loop {
            let after = log.last().map(place);
            let after = after.as_ref().map(|(id, version)| (id.as_str(), *version));
            let page = fixture.store.page_of(&range, after, 100).await.unwrap();
            if page.is_empty() {
                break;
            }
            log.extend(page);
        }
        largest = largest.max(log.len());
        found.extend(log.iter().map(place));
    }
    assert!(largest < 2500, "{largest}");
    // The whole log, in its order.
    let whole: Vec<_> = pages(&fixture.store, 1000).await;
    assert_eq!(whole.len(), 2999 * 2 + 300);
    assert_eq!(found, whole.iter().map(place).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_small_log_is_one_range() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.store.cuts(8).await.unwrap(), [""; 0]);
}
