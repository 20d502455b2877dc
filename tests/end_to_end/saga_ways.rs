//! Sagas the other way round, and sagas whose provider is away. How they end is added up by
//! `orders verify --history`, over everybody's own books.

use std::time::{Duration, Instant};

use crate::saga_world::{SagaWorld, Who};

#[tokio::test]
async fn whoever_pays_first_has_it_back_where_the_stock_is_short() {
    let world = SagaWorld::new(&[
        ("SAGA_FLOW", "payment-first"),
        ("SAGA_TIMEOUT", "40s"),
        ("PAYMENT_SIMULATOR_LATE_BY", "1s"),
    ])
    .await;
    let _running = world.start_all();
    world.wait_until_ready().await;
    assert_eq!(world.count("product-1", 100).await, 200);
    assert_eq!(world.count("last-one", 1).await, 200);

    // (item, price, how it ends): the cents are the simulator's rules.
    let cases = [
        ("product-1", "299.99", "CONFIRMED"),
        ("product-1", "10.01", "CANCELLED"),
        ("product-1", "10.02", "CONFIRMED"),
        ("product-1", "10.03", "CONFIRMED"),
        ("product-1", "10.04", "CONFIRMED"),
        ("product-1", "10.05", "CANCELLED"),
        ("product-1", "10.06", "CONFIRMED"),
        ("nobody-has-it", "10.50", "FAILED"),
        ("last-one", "5.00", "CONFIRMED"),
    ];
    let mut orders = Vec::new();
    for (item, price, end) in cases {
        let id = world.buy(item, price, "customer@example.org").await;
        orders.push((id, end));
    }
    for (id, end) in &orders {
        world.until_status(id, end).await;
    }
    let late = world.buy("last-one", "5.00", "late@example.org").await;
    world.until_status(&late, "FAILED").await;

    let books = world.settled_books().await;
    world.assert_verified().await;
    let ends = ["confirmed", "cancelled", "failed"].map(|end| books["ends"][end].as_u64());
    assert_eq!(ends, [Some(6), Some(2), Some(2)], "{books:#}");
    // Both that failed had paid; the payment that is never answered was not taken.
    let euros = &books["money"]["EUR"];
    assert_eq!(euros["refunded"], 10_50 + 5_00, "{books:#}");
    assert_eq!(books["mails"]["sent"], 10, "{books:#}");
}

/// What waits longer than it may is given up; what does not is paid once the provider is back.
#[tokio::test]
async fn the_provider_may_be_away_for_a_minute() {
    const AWAY: Duration = Duration::from_secs(60);
    let world = SagaWorld::new(&[("SAGA_TIMEOUT", "45s")]).await;
    let mut running = world.start_all();
    world.wait_until_ready().await;
    assert_eq!(world.count("product-1", 100).await, 200);
    let provider = running.iter().position(|(who, _)| *who == Who::Simulator);
    let (_, provider) = running.swap_remove(provider.unwrap());
    provider.kill();
    let gone = Instant::now();

    let buy = async |price: &str| world.buy("product-1", price, "customer@example.org").await;
    let early = [buy("11.50").await, buy("12.50").await];
    for id in &early {
        world.until_status(id, "CANCELLED").await;
    }
    let late = [buy("13.50").await, buy("14.50").await];
    tokio::time::sleep(AWAY.saturating_sub(gone.elapsed())).await;
    for id in &late {
        world.until_status(id, "STOCK_RESERVED").await;
    }
    let _back = world.start(Who::Simulator);
    for id in &late {
        world.until_status(id, "CONFIRMED").await;
    }

    let books = world.settled_books().await;
    let ends = ["confirmed", "cancelled"].map(|end| books["ends"][end].as_u64());
    assert_eq!(ends, [Some(2), Some(2)], "{books:#}");
    let euros = &books["money"]["EUR"];
    assert_eq!(euros["captured"], 13_50 + 14_50, "{books:#}");
    assert_eq!(euros["refunded"], 0, "{books:#}");
    assert_eq!(books["pieces"]["sold"], 2, "{books:#}");
}
