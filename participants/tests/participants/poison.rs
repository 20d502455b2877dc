//! Records that nobody can take in: each is one dead letter, what is behind it under its key waits,
//! and everything else goes on.

use domain::inventory::UnknownItems;
use domain::order::OrderCommand;
use domain::saga::SagaFlow;
use participants::{Reactor, Source};

use crate::fixture::{World, id_in};
use crate::home::{Home, counts, drain};
use crate::told::{Told, created, new_order, paid_first, pending, poisons, reserved};

/// All in one partition: each kind of poison under a key of its own, the event itself behind it,
/// and one of a key without any.
async fn each_on_the_desk<R: Reactor + 'static>(
    world: &World,
    home: &Home<R>,
    source: Source,
    good: impl Fn(&str) -> Told,
) {
    let mut told = Vec::new();
    let mut faults = Vec::new();
    let mut keys = Vec::new();
    for at in 0..poisons(&good("o")).len() {
        let [id, other] = [id_in(0), id_in(0)];
        for id in [&id, &other] {
            if home.schema.is_none() {
                let create = OrderCommand::Create(new_order(SagaFlow::StockFirst, "product-1", 1));
                world.order_after(id, [create]).await;
            }
        }
        let (fault, poison) = poisons(&good(&id)).swap_remove(at);
        let keyed = poison.key.is_some();
        told.extend([poison, good(&id), good(&other)]);
        faults.push((fault.to_owned(), "open".to_owned(), 0));
        if keyed {
            keys.push(id);
        }
    }
    faults.sort();
    let (kinds, blocked) = (faults.len(), keys.len());
    world.publish(source, &told).await;
    let waiting: Vec<_> = keys.iter().map(|key| (key.clone(), true)).collect();
    let before = home.count("events").await;

    let first = home.again(source, 3 * kinds).await;
    assert_eq!(first, counts(2 * kinds - blocked, 0, kinds, blocked));
    assert_eq!(home.letters().await, faults);
    assert_eq!(in_front(&home.waiting().await), waiting);
    home.assert_agrees().await;
    let flowed = home.count("processed_events").await;
    assert_eq!(flowed as usize, 2 * kinds - blocked);

    // No offset was stored, and all of it comes again: what is blocked already is held as a whole.
    let again = home.again(source, 3 * kinds).await;
    assert_eq!(
        again,
        counts(0, 2 * kinds - blocked, kinds - blocked, 2 * blocked)
    );
    assert_eq!(home.letters().await, faults);
    assert_eq!(in_front(&home.waiting().await), waiting);

    // Tried again and no better: the same items.
    for id in home.letter_ids().await {
        home.desk().requeue(id, "anna").await.unwrap();
    }
    assert_eq!(home.take_up().await, kinds);
    let tried = faults
        .iter()
        .cloned()
        .map(|(fault, state, _)| (fault, state, 1));
    assert_eq!(home.letters().await, tried.collect::<Vec<_>>());
    assert_eq!(in_front(&home.waiting().await), waiting);
    assert_eq!(home.count("processed_events").await, flowed);

    // Given up: what was behind them is taken in.
    for id in home.letter_ids().await {
        home.desk().discard(id, "anna", "junk").await.unwrap();
    }
    assert_eq!(home.take_up().await, 2 * blocked);
    assert_eq!(home.waiting().await, []);
    assert_eq!(home.count("processed_events").await as usize, 2 * kinds);
    home.assert_agrees().await;

    // And it is not begun anew by repetitions.
    let events = home.count("events").await;
    assert!(events > before);
    let mut worker = home.worker(source).await;
    drain(&mut worker, 3 * kinds).await;
    home.take_up().await;
    assert_eq!(home.waiting().await, []);
    assert_eq!(home.count("events").await, events);
    let given_up = home.letters().await;
    assert!(given_up.iter().all(|(_, state, _)| state == "discarded"));
    assert_eq!(given_up.len(), kinds);
}

/// The keys whose poison waits in front of the event itself. Nothing else waits.
fn in_front(waiting: &[(String, bool)]) -> Vec<(String, bool)> {
    let first: Vec<_> = waiting
        .iter()
        .filter(|(_, on_desk)| *on_desk)
        .cloned()
        .collect();
    assert_eq!(waiting.len(), 2 * first.len(), "{waiting:?}");
    for (key, _) in &first {
        let of_key: Vec<bool> = waiting
            .iter()
            .filter(|(k, _)| k == key)
            .map(|w| w.1)
            .collect();
        assert_eq!(of_key, [true, false]);
    }
    first
}

#[tokio::test]
async fn for_inventory_among_orders() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let order = |id: &str| created(id, SagaFlow::StockFirst, "product-1", 1);
    each_on_the_desk(&world, &home, Source::Orders, order).await;
}

#[tokio::test]
async fn for_inventory_among_payments() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let paid = |id: &str| paid_first(id, "product-1");
    each_on_the_desk(&world, &home, Source::Payments, paid).await;
}

#[tokio::test]
async fn for_payment_among_orders() {
    let world = World::new().await;
    let home = world.payment().await;
    let order = |id: &str| created(id, SagaFlow::PaymentFirst, "product-1", 1);
    each_on_the_desk(&world, &home, Source::Orders, order).await;
}

#[tokio::test]
async fn for_payment_among_stock() {
    let world = World::new().await;
    let home = world.payment().await;
    each_on_the_desk(&world, &home, Source::Inventory, reserved).await;
}

#[tokio::test]
async fn for_notification() {
    let world = World::new().await;
    let home = world.notification().await;
    let order = |id: &str| created(id, SagaFlow::StockFirst, "product-1", 1);
    each_on_the_desk(&world, &home, Source::Orders, order).await;
}

#[tokio::test]
async fn for_the_order_among_stock() {
    let world = World::new().await;
    let home = world.order().await;
    each_on_the_desk(&world, &home, Source::Inventory, reserved).await;
}

#[tokio::test]
async fn for_the_order_among_payments() {
    let world = World::new().await;
    let home = world.order().await;
    each_on_the_desk(&world, &home, Source::Payments, pending).await;
}
