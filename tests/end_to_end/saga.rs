//! Orders that inventory, payment and notification carry out together.

use std::collections::HashMap;
use std::time::Duration;

use domain::notification::NotificationKind;
use rust_decimal::Decimal;

use crate::saga_world::{SagaWorld, Who};

#[tokio::test]
async fn sagas_end_well_whatever_the_provider_does() {
    let world =
        SagaWorld::new(&[("SAGA_TIMEOUT", "30s"), ("PAYMENT_SIMULATOR_LATE_BY", "1s")]).await;
    let _running = world.start_all();
    world.wait_until_ready().await;
    assert_eq!(world.count("product-1", 100).await, 200);
    assert_eq!(world.count("last-one", 1).await, 200);

    // (price, how it ends): the cents are the simulator's rules.
    let cases = [
        ("299.99", "CONFIRMED"),
        ("10.01", "CANCELLED"),
        ("10.02", "CONFIRMED"),
        ("10.03", "CONFIRMED"),
        ("10.04", "CONFIRMED"),
        ("10.05", "CANCELLED"),
        ("10.06", "CONFIRMED"),
        ("10.07", "CONFIRMED"),
    ];
    let mut orders = Vec::new();
    for (price, end) in cases {
        let id = world.buy("product-1", price, "customer@example.org").await;
        orders.push((id, price, end));
    }
    let twice = [
        world.buy("last-one", "5.00", "a@example.org").await,
        world.buy("last-one", "5.00", "b@example.org").await,
    ];
    for (id, price, end) in &orders {
        let order = world.until_status(id, end).await;
        let kind = match *end {
            "CONFIRMED" => NotificationKind::Confirmed,
            _ => NotificationKind::Cancelled,
        };
        let mails = world.mails(id, kind).await;
        assert_eq!(mails.len(), 1, "{price}: {order}");
        assert!(mails[0].text.contains(price), "{}", mails[0].text);
    }
    let sold = orders
        .iter()
        .filter(|(.., end)| *end == "CONFIRMED")
        .count() as u64;
    let expected = [100 - sold, 0, sold];
    world
        .until("settled", async || {
            (world.stock("product-1").await == expected).then_some(())
        })
        .await;

    // Who only watches has seen the same.
    for (id, price, end) in &orders {
        let seen = match *end {
            "CONFIRMED" => "Completed",
            _ => "Compensated",
        };
        world
            .until("tracked", async || {
                (world.tracked(id).await? == seen).then_some(())
            })
            .await;
        let ids = world.correlation_ids(id).await;
        assert_eq!(ids.len(), 1, "{price}: {ids:?}");
    }
    // Nobody without the secret says that something is paid.
    let forged = world.client.post(world.payments_url()).body("{}");
    let forged = forged
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", "0");
    let forged = forged
        .header("webhook-signature", "v1,Zm9yZ2Vk")
        .send()
        .await;
    assert_eq!(forged.unwrap().status(), 401);

    // Exactly one of the two gets the last piece.
    let ends = async || {
        let mut ends = Vec::new();
        for id in &twice {
            let order = world.order(id).await?;
            ends.push(order["status"].as_str()?.to_owned());
        }
        ends.sort();
        (ends == ["CONFIRMED", "FAILED"]).then_some(())
    };
    world.until("decided", ends).await;
    world
        .until("sold out", async || {
            (world.stock("last-one").await == [0, 0, 1]).then_some(())
        })
        .await;
}

/// Whoever is killed, and whenever: each order ends, stock and money are where they belong, and
/// each customer is told once.
#[tokio::test]
async fn sagas_end_well_whoever_is_killed() {
    const PIECES: u64 = 30;
    const ORDERS: usize = 60;
    let world = SagaWorld::new(&[("SAGA_TIMEOUT", "15s"), ("PROJECTOR_INSTANCE_ID", "one")]).await;
    let mut running = world.start_all();
    world.wait_until_ready().await;
    assert_eq!(world.count("product-1", PIECES).await, 200);

    let mut orders = Vec::new();
    for number in 0..ORDERS {
        // Declined, webhooks twice and reversed, never answered, failing first, and plain ones.
        let cents = [50, 1, 3, 60, 4, 70, 6, 80, 5, 90][number % 10];
        let price = format!("{}.{cents:02}", 10 + number);
        let id = world.buy("product-1", &price, "customer@example.org").await;
        orders.push((id, price));
        // Everybody has their turn, and whoever takes the orders waits for it to be over.
        if number % 4 == 3 {
            let who = Who::ALL[(number / 4) % Who::ALL.len()];
            let at = running.iter().position(|(each, _)| *each == who).unwrap();
            let (_, killed) = running.swap_remove(at);
            killed.kill();
            tokio::time::sleep(Duration::from_millis(100 * (number as u64 % 7))).await;
            running.push((who, world.start(who)));
            if who == Who::Orders {
                world.world.wait_until_ready().await;
            }
        }
    }
    world.wait_until_ready().await;

    let mut ended = HashMap::new();
    for (id, price) in &orders {
        let status = world
            .until("ended", async || {
                let order = world.order(id).await?;
                let status = order["status"].as_str()?.to_owned();
                ["CONFIRMED", "CANCELLED", "FAILED"]
                    .contains(&&*status)
                    .then_some(status)
            })
            .await;
        ended.insert(id.clone(), (status, price.parse::<Decimal>().unwrap()));
    }
    let confirmed: Vec<_> = ended
        .values()
        .filter(|(status, _)| status == "CONFIRMED")
        .collect();
    let sold = confirmed.len() as u64;
    assert!(sold > 0 && sold <= PIECES, "{sold}");
    let expected = [PIECES - sold, 0, sold];
    world
        .until("settled", async || {
            (world.stock("product-1").await == expected).then_some(())
        })
        .await;
    let total: Decimal = confirmed.iter().map(|(_, price)| price).sum();
    world
        .until("balanced", async || {
            let sums = &world.ledger().await["sums"]["EUR"];
            let sum = |name: &str| sums[name].as_str()?.parse::<Decimal>().ok();
            (sum("captured")? - sum("refunded")? == total).then_some(())
        })
        .await;
    for (id, (status, _)) in &ended {
        let told = match status.as_str() {
            "CONFIRMED" => NotificationKind::Confirmed,
            "CANCELLED" => NotificationKind::Cancelled,
            _ => NotificationKind::Failed,
        };
        world.mails(id, told).await;
        for kind in NotificationKind::ALL
            .into_iter()
            .filter(|kind| *kind != told)
        {
            assert!(
                !world.is_told(id, kind).await,
                "{id} is {status} and was told {kind:?}"
            );
        }
    }
    let books = world.settled_books().await;
    assert_eq!(books["ends"]["confirmed"], sold, "{books:#}");
    assert_eq!(books["pieces"]["set"], PIECES, "{books:#}");
    println!("{ORDERS} sagas: {sold} confirmed, {total} EUR paid for them");
}
