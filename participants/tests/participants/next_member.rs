//! A member of a group that comes after another.

use std::time::{Duration, Instant};

use domain::inventory::UnknownItems;
use domain::saga::SagaFlow;
use participants::{Source, Step};

use crate::fixture::{World, id_in};
use crate::home::{PATIENCE, counts, drain, step_to_the_end};
use crate::told::created;

/// Offsets are stored with what was written: the next member goes on behind it.
#[tokio::test]
async fn the_next_goes_on_where_one_has_ended() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let tell = async |count: usize| {
        let order = |_| created(&id_in(0), SagaFlow::StockFirst, "product-1", 1);
        let told: Vec<_> = (0..count).map(order).collect();
        world.publish(Source::Orders, &told).await;
    };
    tell(3).await;
    let mut worker = home.worker(Source::Orders).await;
    assert_eq!(drain(&mut worker, 3).await, counts(3, 0, 0, 0));
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    let health = runtime::health::Health::default();
    worker.run(health.check("inventory"), stop).await;

    tell(2).await;
    let mut next = home.worker(Source::Orders).await;
    assert_eq!(drain(&mut next, 2).await, counts(2, 0, 0, 0));
    assert_eq!(step_to_the_end(&mut next).await, counts(0, 0, 0, 0));
    home.assert_agrees().await;
}

/// One that was killed has not left the group. Under another name, or none, the next would wait for
/// its session to end; here it never does.
#[tokio::test]
async fn one_that_comes_back_under_its_name_takes_its_own_place() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let tell = async || {
        let told = [created(&id_in(0), SagaFlow::StockFirst, "product-1", 1)];
        world.publish(Source::Orders, &told).await;
    };
    tell().await;
    let mut worker = home.worker_called(Source::Orders, Some("one")).await;
    assert_eq!(drain(&mut worker, 1).await, counts(1, 0, 0, 0));
    // What keeps its session is a thread of the client's own.
    std::mem::forget(worker);

    tell().await;
    let mut next = home.worker_called(Source::Orders, Some("one")).await;
    let (started, mut taken) = (Instant::now(), 0);
    while taken == 0 {
        assert!(started.elapsed() < PATIENCE, "the place is not free");
        if let Step::TookIn(step) = next.step(Duration::from_millis(200)).await.unwrap() {
            taken += step.decided;
        }
    }
    home.assert_agrees().await;
}
