//! Records that are no part of any order: each is one dead letter, and nothing waits for it.

use std::time::Duration;

use crate::fixture::{Fixture, drain, unique};

/// One of each kind, most under the key of a real order, whose events are published after them.
async fn poison(fixture: &Fixture, id: &str, created: &str) -> Vec<&'static str> {
    let at_version = |version: u64| {
        let own = domain::event_id("Order", id, 1).to_string();
        let other = domain::event_id("Order", id, version).to_string();
        let version = format!(r#""version":{version}"#);
        created
            .replace(&own, &other)
            .replace(r#""version":1"#, &version)
    };
    let kinds = [
        ("no_event", "no event at all".to_owned()),
        (
            "unknown_event_type",
            created.replace("OrderCreated", "OrderFrozen"),
        ),
        (
            "unknown_schema_version",
            created.replace(r#""schemaVersion":2"#, r#""schemaVersion":7"#),
        ),
        (
            "unexpected_content",
            created.replace("totalAmount", "total"),
        ),
        (
            "no_version",
            created.replace(r#""version":1"#, r#""version":0"#),
        ),
        ("gap", at_version(99)),
        // An event of this order, put there by somebody else.
        (
            "foreign_event_id",
            created.replace(r#""version":1"#, r#""version":2"#),
        ),
        (
            "other_aggregate",
            created.replace(r#""aggregateType":"Order""#, r#""aggregateType":"Payment""#),
        ),
        ("key_mismatch", created.replace(id, "somebody-else")),
        (
            "illegal_event",
            at_version(3)
                .replace("OrderCreated", "OrderConfirmed")
                .replace(r#""schemaVersion":2"#, r#""schemaVersion":1"#)
                .replace("customerId", "paymentId"),
        ),
    ];
    for (_, value) in &kinds {
        fixture.publish_raw(id, value).await;
    }
    fixture.publish_bytes(Some(id.as_bytes()), None).await;
    fixture.publish_bytes(None, Some(b"\xff\x00 no key")).await;
    fixture
        .publish_bytes(Some(b"\xff\xfe"), Some(b"a key that is no text"))
        .await;
    fixture
        .publish_bytes(Some(b"nul\0key"), Some(b"nul \0"))
        .await;
    let three_megabytes = vec![b'x'; 900_000];
    fixture
        .publish_bytes(Some(id.as_bytes()), Some(&three_megabytes))
        .await;
    let mut faults: Vec<&str> = kinds.iter().map(|(fault, _)| *fault).collect();
    faults.extend(["no_value", "no_event", "no_event", "no_event", "no_event"]);
    faults.sort_unstable();
    faults
}

#[tokio::test]
async fn each_is_one_dead_letter_and_holds_nothing() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(fixture.order(2).await);
    }
    let records = fixture.take_outbox().await;
    let of_first = |r: &&event_store::OutboxRecord| r.key == ids[0] && r.version == 1;
    let created = records.iter().find(of_first).unwrap().payload.clone();
    let faults = poison(&fixture, &ids[0], &created).await;
    fixture.publish(&records).await;

    let all = (faults.len() + records.len()) as u64;
    let counted = drain(&mut fixture.worker(), all).await;
    assert_eq!(counted.refused, faults.len() as u64);
    assert_eq!(counted.held, 0);
    fixture.assert_equal_to_store(&ids).await;
    let desk = fixture.desk().await;
    let found: Vec<&str> = desk.iter().map(|(fault, ..)| fault.as_str()).collect();
    assert_eq!(found, faults);
    assert!(
        desk.iter()
            .all(|(_, state, retries)| state == "open" && *retries == 0)
    );

    // Read again, by another group: the same items, no more.
    let again = fixture.another_group().await;
    drain(&mut fixture.worker_of(&again), all).await;
    assert_eq!(fixture.desk().await, desk);

    // The records are kept byte for byte.
    let row = fixture
        .psql()
        .await
        .query_one(
            "SELECT value, key, header_names, header_values FROM dead_letters WHERE key IS NULL",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, Vec<u8>>(0), b"\xff\x00 no key");
    assert_eq!(row.get::<_, Vec<String>>(2), ["from", "empty"]);
    let values: Vec<Option<Vec<u8>>> = row.get(3);
    assert_eq!(values, [Some(b"elsewhere".to_vec()), None]);

    // What the store folds without is resolved when somebody asks; the rest stays.
    fixture.requeue_all().await;
    while fixture.requeued().turn().await.unwrap() > 0 {}
    let open: Vec<_> = fixture.desk().await;
    let open: Vec<_> = open
        .iter()
        .filter(|(_, state, _)| state == "open")
        .collect();
    assert_eq!(open.len(), 3, "those without an order's key: {open:?}");
    assert!(open.iter().all(|(_, _, retries)| *retries == 1));
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_writes_each_item_once() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    let mut records = 0;
    for round in 0..8_u64 {
        ids.push(fixture.order(3).await);
        let taken = fixture.take_outbox().await;
        let id = &ids[ids.len() - 1];
        fixture.publish_raw(id, "poison").await;
        fixture.publish(&taken).await;
        fixture.publish_raw(&unique().to_string(), "poison").await;
        records += 5;
        let mut worker = fixture.worker();
        let life = Duration::from_millis(40 + 9 * round);
        while let Ok(step) = tokio::time::timeout(life, worker.step(life)).await {
            step.unwrap();
            if fixture.desk().await.len() as u64 > round {
                break;
            }
        }
    }
    let again = fixture.another_group().await;
    drain(&mut fixture.worker_of(&again), records).await;
    assert_eq!(fixture.desk().await.len(), 16);
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_mended() {
    let fixture = Fixture::new().await;
    let ids = vec![fixture.order(2).await, fixture.order(1).await];
    fixture.publish(&fixture.take_outbox().await).await;
    drain(&mut fixture.worker(), 3).await;
    let orders = fixture.read_database.orders(&fixture.generation);
    let damage = bson::doc! { "$set": { "status": "BURNT" } };
    let damaged = bson::doc! { "_id": &ids[0] };
    orders.update_one(damaged, damage).await.unwrap();
    let again = fixture.another_group().await;
    let counted = drain(&mut fixture.worker_of(&again), 3).await;
    assert_eq!(counted.refused, 1);
    fixture.assert_equal_to_store(&ids).await;
    assert_eq!(fixture.desk().await[0].0, "unreadable_document");
}

/// A stub stands where a relay's dead letter was given up.
#[tokio::test]
async fn the_content_of_a_stub_comes_from_the_store() {
    let fixture = Fixture::new().await;
    let ids = vec![fixture.order(3).await];
    let mut records = fixture.take_outbox().await;
    for record in &mut records[..2] {
        let stub = domain::contract::Stub::of(record.payload.as_bytes()).unwrap();
        record.payload = stub.to_json().unwrap();
    }
    fixture.publish(&records).await;
    let mut worker = fixture.worker();
    let counted = drain(&mut worker, 1).await;
    assert_eq!((counted.healed, counted.refused), (2, 0));
    fixture.assert_equal_to_store(&ids).await;
}
