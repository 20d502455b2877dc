use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::payment::ProviderSays::{Authorized, Pending};
use tokio::time::Instant;

use crate::fixture::{PATIENCE, World, captured, says, terms};

impl World {
    /// Until so many webhooks were turned away.
    async fn turned_away(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.inbox.refused.lock().unwrap().len() < count {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_sent_again_in_order() {
    let world = World::new().await;
    world.inbox.closed.store(true, Ordering::SeqCst);
    world.provider.create("o-1", &terms("10.00")).await.unwrap();
    world.turned_away(3).await;
    let refused = world.inbox.refused.lock().unwrap().clone();
    assert!(
        refused.iter().all(|w| w.said.says == Pending),
        "{refused:?}"
    );
    world.inbox.closed.store(false, Ordering::SeqCst);
    let heard = world.heard("o-1", 3).await;
    assert_eq!(says(&heard), [Pending, Authorized, captured("10.00")]);
    assert_eq!(heard[0].webhook_id, refused[0].webhook_id);
}

#[tokio::test]
async fn webhooks_survive_the_provider() {
    let mut world = World::new().await;
    world.inbox.closed.store(true, Ordering::SeqCst);
    let orders: Vec<_> = (0..20).map(|n| format!("o-{n}")).collect();
    for order in &orders {
        world.provider.create(order, &terms("10.00")).await.unwrap();
    }
    world.turned_away(1).await;
    world.stop_simulator().await;
    world.inbox.closed.store(false, Ordering::SeqCst);
    world.start_simulator().await;
    for order in &orders {
        let heard = world.heard(order, 3).await;
        assert_eq!(says(&heard), [Pending, Authorized, captured("10.00")]);
    }
    assert_eq!(world.sums().await.0, "200.00");
}

/// What was taken is not sent again; what was due is captured.
#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let late_by = Duration::from_millis(500);
    let mut world = World::with(|simulator| simulator.late_by = late_by, |_| {}).await;
    world.provider.create("o-1", &terms("10.02")).await.unwrap();
    world.heard("o-1", 2).await;
    // One more, whose webhooks were sent after the others were noted as taken.
    world.provider.create("o-2", &terms("10.00")).await.unwrap();
    world.heard("o-2", 3).await;
    world.stop_simulator().await;
    world.start_simulator().await;
    let heard = says(&world.heard("o-1", 3).await);
    assert_eq!(heard[..3], [Pending, Authorized, captured("10.02")]);
}
