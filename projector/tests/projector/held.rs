//! The store's own event cannot be applied: the order waits, and nothing else does.

use read_models::HeldBack;

use crate::fixture::{Fixture, drain};
use crate::totals;

const FROZEN: &str = r#"{"OrderFrozen":{"until":"tomorrow"}}"#;

/// Makes one of an order's stored events, and its record, something this code does not know.
pub async fn freeze(fixture: &Fixture, id: &str, version: i64) -> String {
    let psql = fixture.psql().await;
    let sql = "SELECT payload::text FROM events WHERE aggregate_id = $1 AND sequence = $2";
    let row = psql.query_one(sql, &[&id, &version]).await.unwrap();
    let sql = "UPDATE events SET payload = $3::text::json
         WHERE aggregate_id = $1 AND sequence = $2";
    psql.execute(sql, &[&id, &version, &FROZEN]).await.unwrap();
    row.get(0)
}

pub async fn mend(fixture: &Fixture, id: &str, version: i64, payload: &str) {
    let sql = "UPDATE events SET payload = $3::text::json
         WHERE aggregate_id = $1 AND sequence = $2";
    let psql = fixture.psql().await;
    psql.execute(sql, &[&id, &version, &payload]).await.unwrap();
}

/// Publishes the outbox, with the record of that order and version changed to an unknown type.
pub async fn publish_frozen(fixture: &Fixture, id: &str, version: u64) -> u64 {
    let mut records = fixture.take_outbox().await;
    for record in &mut records {
        if record.key == id && record.version == version {
            record.payload = record
                .payload
                .replace("OrderCreated", "OrderFrozen")
                .replace("OrderConfirmed", "OrderFrozen");
        }
    }
    fixture.publish(&records).await;
    records.len() as u64
}

async fn entry(fixture: &Fixture, id: &str) -> bson::Document {
    let orders = fixture.read_database.orders(&fixture.generation);
    let documents = orders.clone_with_type::<bson::Document>();
    let found = documents.find_one(bson::doc! { "_id": id }).await.unwrap();
    found.unwrap()
}

#[tokio::test]
async fn later_events_wait_and_come_back_in_order() {
    let fixture = Fixture::new().await;
    let id = fixture.order(3).await;
    let mut others = Vec::new();
    for _ in 0..12 {
        others.push(fixture.order(3).await);
    }
    let payload = freeze(&fixture, &id, 2).await;
    let records = publish_frozen(&fixture, &id, 2).await;
    let mut worker = fixture.worker();
    let counted = drain(&mut worker, records).await;
    assert_eq!((counted.refused, counted.held), (1, 1));
    for other in &others {
        assert_eq!(
            fixture.document(other).await.unwrap(),
            fixture.folded(other).await
        );
    }
    let document = fixture.document(&id).await.unwrap();
    assert_eq!((document.version, document.status.as_str()), (1, "PENDING"));
    let held = document.held_back.unwrap();
    assert_eq!((held.from_version, held.newest_seen), (2, 3));

    // Too early: the same item, its count raised, and still held.
    let mut requeued = fixture.requeued();
    fixture.requeue_all().await;
    assert_eq!(requeued.turn().await.unwrap(), 1);
    let desk = fixture.desk().await;
    let item = ("unknown_event_type".to_owned(), "open".to_owned(), 1);
    assert_eq!(desk, [item]);
    assert!(fixture.document(&id).await.unwrap().held_back.is_some());
    let orders = fixture.read_database.orders(&fixture.generation);
    assert_eq!(orders.count_documents(HeldBack::filter()).await.unwrap(), 1);

    mend(&fixture, &id, 2, &payload).await;
    fixture.requeue_all().await;
    assert_eq!(requeued.turn().await.unwrap(), 1);
    others.push(id);
    fixture.assert_equal_to_store(&others).await;
    assert_eq!(fixture.desk().await[0].1, "resolved");
    assert_eq!(requeued.turn().await.unwrap(), 0);
}

#[tokio::test]
async fn an_order_whose_first_event_cannot_be_applied_has_a_stub() {
    let fixture = Fixture::new().await;
    let id = fixture.order(2).await;
    let payload = freeze(&fixture, &id, 1).await;
    let records = publish_frozen(&fixture, &id, 1).await;
    drain(&mut fixture.worker(), records).await;
    let stub = entry(&fixture, &id).await;
    assert_eq!(stub.get_i64("version").unwrap(), 0);
    let held = stub.get_document("heldBack").unwrap();
    assert_eq!(held.get_i64("fromVersion").unwrap(), 1);
    assert_eq!(held.get_i64("newestSeen").unwrap(), 2);

    mend(&fixture, &id, 1, &payload).await;
    fixture.requeue_all().await;
    fixture.requeued().turn().await.unwrap();
    fixture.assert_equal_to_store(&[id]).await;
}

/// Events arrive while somebody heals. Whoever comes second must notice the other.
#[tokio::test]
async fn a_healing_and_a_new_event_do_not_lose_each_other() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    let mut payloads = Vec::new();
    let mut later = Vec::new();
    for _ in 0..24 {
        let id = fixture.order(3).await;
        payloads.push(freeze(&fixture, &id, 2).await);
        ids.push(id);
    }
    let (mut first, mut records) = (Vec::new(), fixture.take_outbox().await);
    for record in &mut records {
        if record.version == 2 {
            record.payload = record.payload.replace("OrderConfirmed", "OrderFrozen");
        }
    }
    for record in records {
        match record.version {
            3 => later.push(record),
            _ => first.push(record),
        }
    }
    let mut worker = fixture.worker();
    fixture.publish(&first).await;
    let counted = drain(&mut worker, 48).await;
    assert_eq!(counted.refused, 24);

    for (id, payload) in ids.iter().zip(&payloads) {
        mend(&fixture, id, 2, payload).await;
    }
    fixture.requeue_all().await;
    let mut requeued = fixture.requeued();
    let heal = async { while requeued.turn().await.unwrap() > 0 {} };
    let publish = async {
        for record in &later {
            fixture.publish(std::slice::from_ref(record)).await;
        }
    };
    let (_, _, counted) = tokio::join!(heal, publish, drain(&mut worker, 24));
    assert_eq!(counted.refused, 0);
    fixture.assert_equal_to_store(&ids).await;
}

/// Junk is settled by discarding it, but what it turned out to hold back is the store's.
#[tokio::test]
async fn a_hold_outlives_no_settled_dead_letter() {
    let fixture = Fixture::new().await;
    let id = fixture.order(3).await;
    let payload = freeze(&fixture, &id, 2).await;
    let mut records = fixture.take_outbox().await;
    let mut junk = records[1].clone();
    junk.payload = "junk".to_owned();
    records.insert(1, junk);
    fixture.publish(&records).await;
    drain(&mut fixture.worker(), 4).await;
    let state = async || {
        let desk = fixture.desk().await;
        let [(fault, state, _)] = desk.as_slice() else {
            panic!("one item: {desk:?}")
        };
        assert_eq!(fault, "no_event");
        state.clone()
    };
    let settle = async |to: &str| {
        let sql = "UPDATE dead_letters SET state = $1";
        fixture.psql().await.execute(sql, &[&to]).await.unwrap();
    };
    let mut requeued = fixture.requeued();
    settle("discarded").await;
    assert_eq!(requeued.turn().await.unwrap(), 0);
    assert_eq!(state().await, "open", "it holds back an event of the store");
    requeued.turn().await.unwrap();
    assert!(fixture.document(&id).await.unwrap().held_back.is_some());

    mend(&fixture, &id, 2, &payload).await;
    settle("resolved").await;
    requeued.turn().await.unwrap();
    fixture
        .assert_equal_to_store(std::slice::from_ref(&id))
        .await;
    totals::assert_equal_to_store(&fixture, &[id]).await;
    assert_eq!(state().await, "resolved");
}

/// Code that knows more than the code that gave up.
#[tokio::test]
async fn what_failed_for_an_unknown_type_is_requeued_by_code_that_knows_it() {
    let fixture = Fixture::new().await;
    let id = fixture.order(2).await;
    let payload = freeze(&fixture, &id, 2).await;
    let records = publish_frozen(&fixture, &id, 2).await;
    drain(&mut fixture.worker(), records).await;
    let mut requeued = fixture.requeued();
    assert_eq!(requeued.requeue_known().await.unwrap(), 0, "still unknown");
    // As if this code had learnt the type: the kept record is one that it knows.
    let sql = "UPDATE dead_letters SET value = convert_to(replace(
             convert_from(value, 'UTF8'), 'OrderFrozen', 'OrderConfirmed'), 'UTF8')";
    fixture.psql().await.execute(sql, &[]).await.unwrap();
    mend(&fixture, &id, 2, &payload).await;
    assert_eq!(requeued.requeue_known().await.unwrap(), 1);
    requeued.turn().await.unwrap();
    fixture.assert_equal_to_store(&[id]).await;
}
