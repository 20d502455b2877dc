//! The store replayed into the live generation.

use bson::{Document, doc};
use domain::order::OrderEventType;
use event_store::replay::{ReplayLog, ReplayTally, Replays, Selection};
use projector::{OrderView, Refold};

use crate::fixture::{Fixture, drain, end};
use crate::totals;

async fn refold(fixture: &Fixture, selection: &Selection) -> ReplayTally {
    let mut refold = begin(fixture, selection).await;
    while refold.step().await.unwrap() {}
    refold.tally()
}

async fn begin(fixture: &Fixture, selection: &Selection) -> Refold {
    let (database, store) = (fixture.read_database.clone(), fixture.store.clone());
    let replays = Replays::new(fixture.database.clone());
    let refold = Refold::<OrderView>::begin(database, store, replays, selection.clone());
    refold.await.unwrap()
}

async fn rehearse(fixture: &Fixture, selection: &Selection) -> u64 {
    let log = ReplayLog::of(&fixture.store);
    let tally = Refold::<OrderView>::rehearse(&log, selection, |_| {}).await;
    tally.unwrap().published
}

async fn damage(fixture: &Fixture) {
    let orders = fixture.read_database.orders(&fixture.generation);
    let damage = doc! { "$set": { "customerId": "mallory", "note": "by hand" } };
    let damaged = orders.update_many(doc! {}, damage).await.unwrap();
    assert!(damaged.modified_count > 0);
}

/// Orders that nobody has damaged, or that are whole again.
async fn whole(fixture: &Fixture) -> Vec<String> {
    let orders = fixture.read_database.orders(&fixture.generation);
    let whole = orders.clone_with_type::<Document>();
    let found = whole.distinct("_id", doc! { "note": { "$exists": false } });
    let ids = found.await.unwrap().into_iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_selected_is_folded_anew() {
    let fixture = Fixture::new().await;
    let ids = totals::some_orders(&fixture, 12).await;
    let mut worker = fixture.worker();
    drain(&mut worker, fixture.relay().await).await;
    end(&fixture, worker).await;
    damage(&fixture).await;

    let one = Selection {
        aggregate_id: Some(ids[4].clone()),
        ..Selection::default()
    };
    assert_eq!(rehearse(&fixture, &one).await, 1);
    assert!(
        whole(&fixture).await.is_empty(),
        "a rehearsal writes nothing"
    );
    assert_eq!(refold(&fixture, &one).await.published, 1);
    assert_eq!(whole(&fixture).await, [ids[4].clone()]);

    let cancelled = Selection {
        event_type: Some(OrderEventType::OrderCancelled.as_str().to_owned()),
        ..Selection::default()
    };
    assert_eq!(refold(&fixture, &cancelled).await.published, 4);
    assert_eq!(whole(&fixture).await.len(), 5);

    let late = Selection {
        since: Some("2026-11-21T00:00:00Z".parse().unwrap()),
        ..Selection::default()
    };
    let expected = rehearse(&fixture, &late).await;
    assert_eq!(expected, 5);
    assert_eq!(refold(&fixture, &late).await.published, expected);

    let all = Selection::default();
    for _ in 0..2 {
        assert_eq!(refold(&fixture, &all).await.published, 12);
        fixture.assert_equal_to_store(&ids).await;
    }
    let stored = fixture.read_database.database();
    let customers = stored.collection::<Document>("customer_summary_1");
    // Where no order is left there is an empty total.
    customers
        .delete_many(doc! { "_id": "mallory" })
        .await
        .unwrap();
    totals::assert_equal_to_store(&fixture, &ids).await;
}

#[tokio::test]
async fn an_interrupted_one_goes_on_and_a_broken_order_is_counted() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    // More than a page.
    for _ in 0..180 {
        ids.push(fixture.order(3).await);
    }
    let psql = fixture.psql().await;
    let frozen = "UPDATE events SET payload = '{\"OrderFrozen\":{}}'
         WHERE aggregate_id = $1 AND sequence = 2";
    ids.sort_unstable();
    psql.execute(frozen, &[&ids[179]]).await.unwrap();
    let all = Selection::default();
    let mut first = begin(&fixture, &all).await;
    assert!(first.step().await.unwrap());
    let before = first.tally();
    assert!(before.published > 0 && before.published < 179, "{before:?}");
    drop(first);
    let next = begin(&fixture, &all).await;
    assert_eq!(next.tally(), before);
    let tally = refold(&fixture, &all).await;
    assert_eq!((tally.read, tally.faulty), (540, 1));
    fixture.assert_equal_to_store(&ids[..179]).await;
}
