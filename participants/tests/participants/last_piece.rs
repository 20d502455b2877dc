//! Orders that want the same pieces.

use std::time::Duration;

use domain::inventory::{Pieces, StockLevel};
use domain::saga::SagaFlow;
use event_store::Doorbell;
use participants::inventory::{InventoryReactor, Stocks};
use participants::{Source, Step};

use crate::fixture::{World, context, id_in, new_id};
use crate::home::{Home, all_join, counts, drain, total};
use crate::told::{Told, confirmed, created, failed, item, paid_first, store_id};

async fn stock(home: &Home<InventoryReactor>, pieces: u64) {
    let pieces = Pieces::new(pieces).unwrap();
    let (store, item, context) = (store_id(), item("hot"), context("counted"));
    let stocks = stocks(home);
    let counted = stocks.count(&store, &item, pieces, &context).await;
    counted.unwrap();
}

fn stocks(home: &Home<InventoryReactor>) -> Stocks {
    Stocks::new(&home.database, "inventory-events", &Doorbell::default())
}

async fn level(home: &Home<InventoryReactor>) -> StockLevel {
    let level = stocks(home).level(&store_id(), &item("hot")).await;
    level.unwrap().unwrap()
}

fn levels(available: u64, reserved: u64, sold: u64) -> StockLevel {
    StockLevel {
        available,
        reserved,
        sold,
    }
}

fn wants(id: &str, quantity: u32) -> Told {
    created(id, SagaFlow::StockFirst, "hot", quantity)
}

async fn outcomes(home: &Home<InventoryReactor>) -> (i64, i64) {
    let of = async |kind: &str| {
        home.count(&format!("events WHERE event_type = '{kind}'"))
            .await
    };
    (
        of("StockReserved").await,
        of("StockReservationFailed").await,
    )
}

#[tokio::test]
async fn the_last_piece_goes_to_one_of_a_batch() {
    let world = World::new().await;
    let home = world.inventory().await;
    stock(&home, 1).await;
    let told = [wants(&id_in(0), 1), wants(&id_in(0), 1)];
    world.publish(Source::Orders, &told).await;
    let mut worker = home.worker(Source::Orders).await;
    let batch = loop {
        match worker.step(Duration::from_secs(1)).await.unwrap() {
            Step::Idle => {}
            Step::TookIn(counts) => break counts,
        }
    };
    assert_eq!(batch, counts(2, 0, 0, 0), "they came together");
    assert_eq!(outcomes(&home).await, (1, 1));
    assert_eq!(level(&home).await, levels(0, 1, 0));
    home.assert_agrees().await;
}

#[tokio::test]
async fn the_last_piece_goes_to_the_first_of_two_batches() {
    let world = World::new().await;
    let home = world.inventory().await;
    stock(&home, 1).await;
    let mut worker = home.worker(Source::Orders).await;
    let ids = [new_id(), new_id()];
    for id in &ids {
        world.publish(Source::Orders, &[wants(id, 1)]).await;
        assert_eq!(drain(&mut worker, 1).await, counts(1, 0, 0, 0));
    }
    let got = "SELECT aggregate_id FROM events WHERE event_type = 'StockReserved'";
    assert_eq!(home.column::<String>(got).await, ids[..1]);
    assert_eq!(outcomes(&home).await, (1, 1));
    assert_eq!(level(&home).await, levels(0, 1, 0));
}

#[tokio::test]
async fn the_last_piece_goes_to_one_of_two_workers() {
    for _ in 0..10 {
        let world = World::new().await;
        let home = world.inventory().await;
        stock(&home, 1).await;
        world
            .publish(Source::Orders, &[wants(&id_in(0), 1), wants(&id_in(1), 1)])
            .await;
        let mut workers = [
            home.worker(Source::Orders).await,
            home.worker(Source::Orders).await,
        ];
        let [one, other] = &mut workers;
        let mut done = 0;
        while done < 2 {
            let patience = Duration::from_millis(200);
            let (one, other) = tokio::join!(one.step(patience), other.step(patience));
            for step in [one, other] {
                if let Step::TookIn(counts) = step.unwrap() {
                    done += total(&counts);
                }
            }
        }
        assert_eq!(outcomes(&home).await, (1, 1));
        assert_eq!(level(&home).await, levels(0, 1, 0));
        home.assert_agrees().await;
    }
}

/// As a participant reads it that begins with the topic's first record.
#[tokio::test]
async fn a_whole_story_in_one_batch() {
    let world = World::new().await;
    let home = world.inventory().await;
    stock(&home, 3).await;
    let id = id_in(0);
    world
        .publish(Source::Orders, &[wants(&id, 2), confirmed(&id)])
        .await;
    assert_eq!(home.again(Source::Orders, 2).await, counts(2, 0, 0, 0));
    assert_eq!(level(&home).await, levels(1, 0, 2));

    // Reserved and released, and free for the next one behind it.
    let ids = [id_in(0), id_in(0)];
    let told = [
        paid_first(&ids[0], "hot"),
        failed(&ids[0]),
        paid_first(&ids[1], "hot"),
    ];
    world.publish(Source::Payments, &told).await;
    assert_eq!(home.again(Source::Payments, 3).await, counts(3, 0, 0, 0));
    assert_eq!(level(&home).await, levels(0, 1, 2));
    assert_eq!(outcomes(&home).await, (3, 0));
    home.assert_agrees().await;
}

#[tokio::test]
async fn what_is_released_late_or_early_goes_to_nobody_twice() {
    let world = World::new().await;
    let home = world.inventory().await;
    stock(&home, 1).await;
    let (early, late) = (id_in(0), id_in(0));
    world.publish(Source::Payments, &[failed(&early)]).await;
    assert_eq!(home.again(Source::Payments, 1).await, counts(1, 0, 0, 0));
    world
        .publish(Source::Orders, &[wants(&early, 1), wants(&late, 1)])
        .await;
    assert_eq!(home.again(Source::Orders, 2).await, counts(1, 1, 0, 0));
    world
        .publish(Source::Payments, &[failed(&late), failed(&late)])
        .await;
    assert_eq!(home.again(Source::Payments, 3).await, counts(1, 2, 0, 0));
    assert_eq!(level(&home).await, levels(1, 0, 0));
    home.assert_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_orders_for_forty_pieces() {
    const ORDERS: usize = 100;
    const PIECES: u64 = 40;
    let world = World::new().await;
    let home = world.inventory().await;
    stock(&home, PIECES).await;
    let mut workers = [
        home.worker(Source::Orders).await,
        home.worker(Source::Orders).await,
    ];
    all_join(&mut workers).await;
    let (mut told, mut feed) = (Vec::new(), Vec::new());
    for at in 0..ORDERS {
        let id = id_in((at % 2) as u16);
        told.push(wants(&id, 1));
        // Twice, as a relay may do it that takes over from another.
        feed.push(wants(&id, 1));
    }
    told.extend(feed);
    let published = async {
        for few in told.chunks(20) {
            world.publish(Source::Orders, few).await;
        }
    };
    let [one, other] = &mut workers;
    let ((), one, other) = tokio::join!(published, drain(one, ORDERS), drain(other, ORDERS));
    assert_eq!((one.decided, other.decided), (ORDERS / 2, ORDERS / 2));
    assert_eq!(
        outcomes(&home).await,
        (PIECES as i64, (ORDERS as u64 - PIECES) as i64)
    );
    assert_eq!(level(&home).await, levels(0, PIECES, 0));
    home.assert_agrees().await;
}
