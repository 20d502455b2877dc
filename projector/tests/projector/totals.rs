//! Totals over many orders, beside a fold over the store.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::doc;
use domain::Money;
use domain::contract::PublishedOrderEvent;
use domain::order::OrderStatus;
use futures::TryStreamExt;
use projector::totals::recompute_all;
use projector::{OrderView, Step, project};
use read_models::{
    AmountDocument, CustomerSummaryDocument, Generation, OrderDocument, OrdersByStatus,
    RestaurantDayDocument, RevenueDocument,
};

use crate::fixture::{Fixture, drain, end};

/// Both kinds of total, as they are or as they have to be, without their revisions.
#[derive(Debug, PartialEq)]
pub struct Totals {
    customers: Vec<CustomerSummaryDocument>,
    days: Vec<RestaurantDayDocument>,
}

impl Totals {
    pub async fn stored(fixture: &Fixture, generation: &Generation) -> Self {
        let database = fixture.read_database.database();
        let customers = database.collection(&CustomerSummaryDocument::collection(generation));
        let customers = customers
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .await
            .unwrap();
        let days = database.collection(&RestaurantDayDocument::collection(generation));
        let days = days.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
        let mut totals = Self {
            customers: customers.try_collect().await.unwrap(),
            days: days.try_collect().await.unwrap(),
        };
        totals.customers.iter_mut().for_each(|c| c.revision = 0);
        totals.days.iter_mut().for_each(|d| d.revision = 0);
        totals
    }

    /// Of the fold over the store, one order after the other.
    pub async fn folded(fixture: &Fixture, ids: &[String]) -> Self {
        let mut customers: BTreeMap<String, Vec<OrderDocument>> = BTreeMap::new();
        let mut days: BTreeMap<String, Vec<OrderDocument>> = BTreeMap::new();
        for id in ids {
            let order = fixture.folded(id).await;
            let day = order.created_at.try_to_rfc3339_string().unwrap();
            let day = format!("{}/{}", &day[..10], order.restaurant_id.as_str());
            let customer = order.customer_id.as_str().to_owned();
            customers.entry(customer).or_default().push(order.clone());
            days.entry(day).or_default().push(order);
        }
        Self {
            customers: customers.values().map(|orders| customer(orders)).collect(),
            days: days.iter().map(|(id, orders)| day(id, orders)).collect(),
        }
    }
}

fn by_status(orders: &[OrderDocument]) -> OrdersByStatus {
    let count = |status| orders.iter().filter(|o| o.status == status).count() as i64;
    OrdersByStatus {
        pending: count(OrderStatus::Pending),
        confirmed: count(OrderStatus::Confirmed),
        cancelled: count(OrderStatus::Cancelled),
    }
}

/// All orders of these tests are in euros.
fn confirmed(orders: &[OrderDocument]) -> Option<(i64, Money)> {
    let confirmed = orders.iter().filter(|o| o.status == OrderStatus::Confirmed);
    let amounts: Vec<Money> = confirmed.map(|o| o.total_amount).collect();
    (!amounts.is_empty()).then(|| (amounts.len() as i64, amounts.into_iter().sum()))
}

fn customer(orders: &[OrderDocument]) -> CustomerSummaryDocument {
    let spent = confirmed(orders).map(|(_, amount)| AmountDocument {
        currency: Default::default(),
        amount,
    });
    CustomerSummaryDocument {
        customer_id: orders[0].customer_id.clone(),
        revision: 0,
        orders: by_status(orders),
        spent: spent.into_iter().collect(),
        first_order_at: orders.iter().map(|o| o.created_at).min(),
        last_order_at: orders.iter().map(|o| o.created_at).max(),
    }
}

fn day(id: &str, orders: &[OrderDocument]) -> RestaurantDayDocument {
    let revenue = confirmed(orders).map(|(orders, amount)| RevenueDocument {
        currency: Default::default(),
        orders,
        amount,
        average: amount.shared_by(orders as u64),
    });
    RestaurantDayDocument {
        id: id.to_owned(),
        restaurant_id: orders[0].restaurant_id.clone(),
        day: id[..10].to_owned(),
        revision: 0,
        orders: by_status(orders),
        revenue: revenue.into_iter().collect(),
    }
}

/// Orders of three customers at two restaurants around a midnight.
pub async fn some_orders(fixture: &Fixture, orders: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for order in 0..orders {
        let customer = ["ann", "bob", "eve/é"][order % 3];
        let restaurant = ["r/1", "r-2"][order / 2 % 2];
        let at = ["2026-11-20T23:59:59.999Z", "2026-11-21T00:00:00Z"][order / 5 % 2];
        let (quantity, events) = (1 + order as u32 % 7, 1 + order % 3);
        ids.push(
            fixture
                .order_by([customer, restaurant, at], quantity, events)
                .await,
        );
    }
    ids
}

pub async fn assert_equal_to_store(fixture: &Fixture, ids: &[String]) {
    let stored = Totals::stored(fixture, &fixture.generation).await;
    assert_eq!(stored, Totals::folded(fixture, ids).await);
}

#[tokio::test]
async fn totals_equal_the_fold_over_the_store() {
    let fixture = Fixture::new().await;
    let mut ids = some_orders(&fixture, 20).await;
    let mut worker = fixture.worker();
    drain(&mut worker, fixture.relay().await).await;
    end(&fixture, worker).await;
    assert_equal_to_store(&fixture, &ids).await;
    let [ann, ..] = &Totals::stored(&fixture, &fixture.generation)
        .await
        .customers[..]
    else {
        panic!("no customers");
    };
    assert_eq!(ann.orders.pending, 7);

    ids.extend(some_orders(&fixture, 5).await);
    let mut worker = fixture.worker();
    let counted = drain(&mut worker, fixture.relay().await).await;
    assert_eq!(counted.repeated, 0, "what is settled is committed");
    end(&fixture, worker).await;
    assert_equal_to_store(&fixture, &ids).await;
}

#[tokio::test]
async fn totals_follow_without_anybody_asking() {
    let fixture = Fixture::new().await;
    let mut worker = fixture.worker();
    while worker
        .step(std::time::Duration::from_secs(2))
        .await
        .unwrap()
        != Step::Idle
    {}
    let ids = some_orders(&fixture, 20).await;
    let records = fixture.relay().await;
    drain(&mut worker, records).await;
    let expected = Totals::folded(&fixture, &ids).await;
    let applied = std::time::Instant::now();
    while Totals::stored(&fixture, &fixture.generation).await != expected {
        assert!(applied.elapsed().as_secs() < 10, "never");
        worker
            .step(std::time::Duration::from_millis(50))
            .await
            .unwrap();
    }
}

/// The offset waits for the totals: whoever comes after a crash has to mark them again.
#[tokio::test]
async fn totals_that_nobody_came_to_compute_are_computed_by_the_next() {
    let fixture = Fixture::new().await;
    let ids = some_orders(&fixture, 12).await;
    let records = fixture.relay().await;
    let mut worker = fixture.worker();
    // A first batch, whose totals are for a later step to begin with.
    let first = drain(&mut worker, 1).await;
    let none = Totals::stored(&fixture, &fixture.generation).await;
    assert!(none.customers.is_empty(), "too early to prove anything");
    drop(worker);
    let mut next = fixture.worker();
    let counted = drain(&mut next, records).await;
    assert_eq!(counted.repeated, first.applied);
    end(&fixture, next).await;
    assert_equal_to_store(&fixture, &ids).await;
}

#[tokio::test]
async fn healing_an_order_mends_its_totals() {
    let fixture = Fixture::new().await;
    let ids = some_orders(&fixture, 6).await;
    let mut worker = fixture.worker();
    drain(&mut worker, fixture.relay().await).await;
    let orders = fixture.read_database.orders(&fixture.generation);
    let damage = doc! { "$set": { "customerId": "mallory" } };
    orders
        .update_one(doc! { "_id": &ids[2] }, damage)
        .await
        .unwrap();
    let (database, generation) = (&fixture.read_database, &fixture.generation);
    recompute_all::<OrderView>(database, generation)
        .await
        .unwrap();
    let damaged = Totals::stored(&fixture, generation).await;
    assert_eq!(damaged.customers[3].orders.cancelled, 1, "mallory's");
    fixture.publish_raw(&ids[2], "junk").await;
    drain(&mut worker, 1).await;
    end(&fixture, worker).await;
    fixture.assert_equal_to_store(&ids).await;
    let totals = Totals::stored(&fixture, &fixture.generation).await;
    let mut expected = Totals::folded(&fixture, &ids).await;
    // Where no order is left there is an empty total: its revision has to go on.
    expected.customers.push(CustomerSummaryDocument {
        customer_id: domain::CustomerId::new("mallory").unwrap(),
        orders: OrdersByStatus::default(),
        spent: Vec::new(),
        first_order_at: None,
        last_order_at: None,
        revision: 0,
    });
    assert_eq!(totals, expected);
}

#[tokio::test]
async fn all_totals_of_a_generation_are_computed_at_once() {
    let fixture = Fixture::new().await;
    let ids = some_orders(&fixture, 20).await;
    let mut worker = fixture.worker();
    drain(&mut worker, fixture.relay().await).await;
    drop(worker);
    let compute = || recompute_all::<OrderView>(&fixture.read_database, &fixture.generation);
    compute().await.unwrap();
    assert_equal_to_store(&fixture, &ids).await;

    let database = fixture.read_database.database();
    let customers = CustomerSummaryDocument::collection(&fixture.generation);
    let customers = database.collection::<bson::Document>(&customers);
    let damage = doc! { "$set": { "orders.PENDING": 99_i64 } };
    let damaged = customers.update_many(doc! {}, damage).await.unwrap();
    assert_eq!(damaged.modified_count, 3);
    compute().await.unwrap();
    assert_equal_to_store(&fixture, &ids).await;
}

/// A worker that wrote orders' documents and died before their totals leaves the records to another
/// one, which has written those totals alone so far. Each pair of records under one key comes in one
/// batch, but for the first, which may be early.
#[tokio::test]
async fn what_another_worker_left_is_counted_with_what_follows() {
    const AT: &str = "2026-11-21T10:00:00.123456Z";
    let fixture = Fixture::new().await;
    let mut worker = fixture.worker();
    let names: Vec<String> = (0..5).map(|n| n.to_string()).collect();
    let mut ids = Vec::new();
    for name in &names {
        ids.push(fixture.order_by([name, name, AT], 1, 1).await);
    }
    drain(&mut worker, fixture.relay().await).await;
    while Totals::stored(&fixture, &fixture.generation).await
        != Totals::folded(&fixture, &ids).await
    {
        worker.step(Duration::from_secs(1)).await.unwrap();
    }

    for name in &names {
        ids.push(fixture.order_by([name, name, AT], 1, 2).await);
    }
    let records = fixture.take_outbox().await;
    for first in records.iter().filter(|record| record.version == 1) {
        let first = PublishedOrderEvent::parse(first.payload.as_bytes()).unwrap();
        let left = project(None, &first).unwrap();
        let orders = fixture.read_database.orders(&fixture.generation);
        orders.insert_one(left).await.unwrap();
    }
    fixture.publish(&records).await;
    drain(&mut worker, records.len() as u64).await;
    end(&fixture, worker).await;
    assert_eq!(
        Totals::stored(&fixture, &fixture.generation).await,
        Totals::folded(&fixture, &ids).await
    );
}
