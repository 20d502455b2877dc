use std::time::Duration;

use crate::arrived::compare;
use crate::backend::{World, unique};
use crate::customer::Customers;

#[tokio::test]
async fn what_was_answered_survives_twenty_kills() {
    let world = World::new().await;
    let customers = Customers::start(&world, 4);
    for _ in 0..20 {
        let backend = world.start();
        customers.wait_for_more(16).await;
        // Long enough to be in the middle of everything, and never the same.
        let life = 50 + (unique().as_u128() % 1500) as u64;
        tokio::time::sleep(Duration::from_millis(life)).await;
        backend.kill();
    }
    let promised = customers.leave().await;
    let _last = world.start();
    let compared = compare(&world, &promised).await;
    println!("20 kills: {compared}");
    // 20 × 16 commands, at most 3 of them for one order.
    assert!(compared.promised > 100, "{compared}");
}
