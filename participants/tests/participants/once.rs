//! However often an event comes, and to whomever, it has its effect once.

use domain::inventory::UnknownItems;
use domain::order::OrderCommand;
use domain::saga::SagaFlow;
use participants::{Reactor, Source};

use crate::fixture::{World, new_id};
use crate::home::{Home, counts, drain};
use crate::told::{Told, created, manual_order, new_order, paid_first, pending, reserved};

/// Orders of three, each event twice: to one worker, to one that has stored no offsets, and to two
/// at the same time.
async fn each_once<R: Reactor + 'static>(
    world: &World,
    home: &Home<R>,
    source: Source,
    good: impl Fn(&str) -> Told,
) {
    let told = async || {
        let mut told = Vec::new();
        for _ in 0..3 {
            let id = new_id();
            if home.schema.is_none() {
                let create = OrderCommand::Create(new_order(SagaFlow::StockFirst, "product-1", 1));
                world.order_after(&id, [create]).await;
            }
            told.extend([good(&id), good(&id)]);
        }
        world.publish(source, &told).await;
    };
    told().await;
    let mut worker = home.worker(source).await;
    assert_eq!(drain(&mut worker, 6).await, counts(3, 3, 0, 0));
    home.assert_agrees().await;
    let (events, seen) = (
        home.count("events").await,
        home.count("processed_events").await,
    );
    assert_eq!(seen, 3);

    assert_eq!(home.again(source, 6).await, counts(0, 6, 0, 0));
    assert_eq!(home.count("events").await, events);

    told().await;
    let (one, other) = tokio::join!(home.again(source, 12), home.again(source, 12));
    assert_eq!(one.decided + other.decided, 3);
    assert_eq!(drain(&mut worker, 6).await, counts(0, 6, 0, 0));
    assert_eq!(home.count("events").await, 2 * events);
    assert_eq!(home.count("processed_events").await, 6);
    home.assert_agrees().await;
}

#[tokio::test]
async fn by_inventory() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let order = |id: &str| created(id, SagaFlow::StockFirst, "product-1", 1);
    each_once(&world, &home, Source::Orders, order).await;

    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let paid = |id: &str| paid_first(id, "product-1");
    each_once(&world, &home, Source::Payments, paid).await;
}

#[tokio::test]
async fn by_payment() {
    let world = World::new().await;
    let home = world.payment().await;
    let order = |id: &str| created(id, SagaFlow::PaymentFirst, "product-1", 1);
    each_once(&world, &home, Source::Orders, order).await;

    let world = World::new().await;
    let home = world.payment().await;
    each_once(&world, &home, Source::Inventory, reserved).await;
}

#[tokio::test]
async fn by_notification() {
    let world = World::new().await;
    let home = world.notification().await;
    let order = |id: &str| created(id, SagaFlow::StockFirst, "product-1", 1);
    each_once(&world, &home, Source::Orders, order).await;
}

#[tokio::test]
async fn by_the_order() {
    let world = World::new().await;
    let home = world.order().await;
    each_once(&world, &home, Source::Inventory, reserved).await;

    let world = World::new().await;
    let home = world.order().await;
    each_once(&world, &home, Source::Payments, pending).await;
}

/// What is none of a participant's leaves no trace with it.
#[tokio::test]
async fn what_nobody_reacts_to_is_passed() {
    let world = World::new().await;
    let home = world.inventory().await;
    let create = OrderCommand::Create(manual_order("product-1", 1));
    let event = domain::order::Order::default()
        .decide(create)
        .unwrap()
        .remove(0);
    let id = new_id();
    let told = Told::event::<domain::order::Order>(&id, 1, event);
    let stub = serde_json::json!({"contentOmitted": true, "items": null});
    let omitted = created(&new_id(), SagaFlow::StockFirst, "product-1", 1).with(stub);
    world.publish(Source::Orders, &[told, omitted]).await;
    assert_eq!(home.again(Source::Orders, 2).await, counts(0, 2, 0, 0));
    for table in [
        "events",
        "processed_events",
        "dead_letters",
        "waiting_records",
    ] {
        assert_eq!(home.count(table).await, 0, "{table}");
    }
}
