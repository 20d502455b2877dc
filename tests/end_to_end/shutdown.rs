use std::time::Duration;

use crate::arrived::compare;
use crate::backend::World;
use crate::customer::Customers;

#[tokio::test]
async fn sigterm_ends_the_process_cleanly_under_load() {
    let world = World::new().await;
    let customers = Customers::start(&world, 4);
    for _ in 0..3 {
        let backend = world.start();
        customers.wait_for_more(100).await;
        let (status, took) = tokio::task::spawn_blocking(|| backend.terminate())
            .await
            .unwrap();
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    let promised = customers.leave().await;
    let _last = world.start();
    println!("SIGTERM three times: {}", compare(&world, &promised).await);
}

#[tokio::test]
async fn a_port_in_use_is_reported_as_that() {
    let world = World::new().await;
    let _first = world.start();
    world.wait_until_ready().await;
    let second = world.orders("all").output().unwrap();
    assert!(!second.status.success());
    let error = String::from_utf8(second.stderr).unwrap();
    assert!(error.contains("already in use"), "{error}");
}

#[tokio::test]
async fn other_addresses_than_loopback_need_a_word() {
    let world = World::new().await;
    let refused = world
        .orders("all")
        .env("COMMAND_LISTEN", "0.0.0.0:0")
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("ALLOW_NO_AUTH"), "{error}");
}
