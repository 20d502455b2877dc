use std::time::Duration;

use domain::FailureReason;
use domain::payment::ProviderSays::{Authorized, Cancelled, Failed, Pending};
use http::StatusCode;
use participants::payment::provider::{NotNow, ProviderError};
use tokio::time::Instant;

use crate::fixture::{World, captured, says, terms};

#[tokio::test]
async fn declined() {
    let world = World::new().await;
    let said = world.provider.create("o-1", &terms("10.01")).await.unwrap();
    let reason = FailureReason::of("the card was declined");
    let failed = Failed { reason };
    assert_eq!(said.says, failed);
    let again = world.provider.create("o-1", &terms("10.01")).await.unwrap();
    assert_eq!(again, said);
    let heard = world.heard("o-1", 2).await;
    assert_eq!(says(&heard), [Pending, failed.clone()]);
    let stopped = world.provider.cancel("o-1").await.unwrap();
    assert_eq!(stopped.says, failed);
    assert_eq!(world.sums().await.0, "none");
}

#[tokio::test]
async fn captured_late() {
    let late_by = Duration::from_millis(300);
    let world = World::with(|simulator| simulator.late_by = late_by, |_| {}).await;
    let begun = Instant::now();
    world.provider.create("o-1", &terms("10.02")).await.unwrap();
    let heard = world.heard("o-1", 3).await;
    assert!(begun.elapsed() >= late_by);
    assert_eq!(says(&heard), [Pending, Authorized, captured("10.02")]);
}

#[tokio::test]
async fn cancelled_before_it_was_captured() {
    // Time enough to cancel it on a busy machine.
    let late_by = Duration::from_secs(2);
    let world = World::with(|simulator| simulator.late_by = late_by, |_| {}).await;
    world.provider.create("o-1", &terms("10.02")).await.unwrap();
    world.heard("o-1", 2).await;
    let stopped = world.provider.cancel("o-1").await.unwrap();
    assert_eq!(stopped.says, Cancelled);
    // This one's capture is due after that of the one before would have been.
    world.provider.create("o-2", &terms("10.02")).await.unwrap();
    world.heard("o-2", 3).await;
    let heard = world.inbox.of("o-1");
    assert_eq!(says(&heard), [Pending, Authorized, Cancelled]);
    assert_eq!(world.sums().await.0, "10.02");
}

#[tokio::test]
async fn every_webhook_twice() {
    let world = World::new().await;
    world.provider.create("o-1", &terms("10.03")).await.unwrap();
    let heard = world.heard("o-1", 6).await;
    let twice = captured("10.03");
    let expected = [
        Pending,
        Pending,
        Authorized,
        Authorized,
        twice.clone(),
        twice,
    ];
    assert_eq!(says(&heard), expected);
    for pair in heard.chunks(2) {
        assert_eq!(pair[0].webhook_id, pair[1].webhook_id);
    }
    assert_ne!(heard[0].webhook_id, heard[2].webhook_id);
    assert_eq!(world.sums().await.0, "10.03");
}

#[tokio::test]
async fn webhooks_reversed() {
    let world = World::new().await;
    world.provider.create("o-1", &terms("10.04")).await.unwrap();
    let heard = world.heard("o-1", 3).await;
    assert_eq!(says(&heard), [captured("10.04"), Authorized, Pending]);
}

#[tokio::test]
async fn never_answered() {
    let world = World::new().await;
    let said = world.provider.create("o-1", &terms("10.05")).await.unwrap();
    assert_eq!(said.says, Pending);
    world.provider.create("o-2", &terms("10.00")).await.unwrap();
    world.heard("o-2", 3).await;
    let stopped = world.provider.cancel("o-1").await.unwrap();
    assert_eq!(stopped.says, Cancelled);
    world.provider.create("o-3", &terms("10.00")).await.unwrap();
    world.heard("o-3", 3).await;
    assert_eq!(says(&world.inbox.of("o-1")), []);
    assert_eq!(world.sums().await.0, "20.00");
}

#[tokio::test]
async fn fails_twice_first() {
    let world = World::new().await;
    for _ in 0..2 {
        let failed = world.provider.create("o-1", &terms("10.06")).await;
        let Err(ProviderError::NotNow(NotNow::Busy { status, .. })) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let said = world.provider.create("o-1", &terms("10.06")).await.unwrap();
    assert_eq!(said.says, Pending);
    world.heard("o-1", 3).await;
    assert_eq!(world.sums().await.0, "10.06");
}

#[tokio::test]
async fn hangs_and_is_carried_out() {
    let world = World::with(
        |simulator| simulator.hangs_for = Duration::from_secs(600),
        |client| client.time_out = Duration::from_secs(2),
    )
    .await;
    let late = world.provider.create("o-1", &terms("10.07")).await;
    let Err(ProviderError::NotNow(NotNow::Late(_))) = late else {
        panic!("{late:?}");
    };
    let heard = world.heard("o-1", 3).await;
    let said = world.provider.create("o-1", &terms("10.07")).await.unwrap();
    assert_eq!(said.says, captured("10.07"));
    assert_eq!(said.intent_id, heard[0].said.intent_id);
    assert_eq!(world.sums().await.0, "10.07");
}
