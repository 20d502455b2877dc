use domain::payment::ProviderSays;

use crate::fixture::{World, captured, dollars, money, refunded, says, terms};

#[tokio::test]
async fn a_payment_is_asked_for_authorised_and_captured() {
    let world = World::new().await;
    let said = world
        .provider
        .create("o-1", &terms("299.99"))
        .await
        .unwrap();
    assert_eq!(said.says, ProviderSays::Pending);
    let heard = world.heard("o-1", 3).await;
    let expected = [
        ProviderSays::Pending,
        ProviderSays::Authorized,
        captured("299.99"),
    ];
    assert_eq!(says(&heard), expected);
    assert!(heard.iter().all(|w| w.said.intent_id == said.intent_id));
    assert_eq!(world.sums().await, ("299.99".into(), "0.00".into()));
}

/// A penny that a float would lose.
#[tokio::test]
async fn amounts_arrive_as_they_are() {
    let world = World::new().await;
    for (order, amount) in [("o-1", "999999999999.99"), ("o-2", "0.10")] {
        world.provider.create(order, &terms(amount)).await.unwrap();
        assert_eq!(says(&world.heard(order, 3).await)[2], captured(amount));
    }
    assert_eq!(world.sums().await.0, "1000000000000.09");
}

#[tokio::test]
async fn calling_twice_charges_once() {
    let world = World::new().await;
    let first = world.provider.create("o-1", &terms("10.00")).await.unwrap();
    world.heard("o-1", 3).await;
    let second = world.provider.create("o-1", &terms("10.00")).await.unwrap();
    assert_eq!(second.intent_id, first.intent_id);
    assert_eq!(second.says, captured("10.00"), "as it stands now");
    assert_eq!(world.sums().await.0, "10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn calling_at_once_charges_once() {
    let world = World::new().await;
    let calls = (0..40).map(|n| {
        let provider = world.provider.clone();
        let order = format!("o-{}", n % 5);
        tokio::spawn(async move { provider.create(&order, &terms("10.00")).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    for order in ["o-0", "o-1", "o-2", "o-3", "o-4"] {
        let heard = world.heard(order, 3).await;
        assert!(
            heard
                .iter()
                .all(|w| w.said.intent_id == heard[0].said.intent_id)
        );
    }
    assert_eq!(world.sums().await.0, "50.00");
    assert_eq!(world.ledger().await["intents"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_was_captured_is_given_back_once() {
    let world = World::new().await;
    let intent = world.provider.create("o-1", &terms("10.00")).await.unwrap();
    world.heard("o-1", 3).await;
    // Too late to be stopped: the answer is what has happened.
    let stopped = world.provider.cancel("o-1").await.unwrap();
    assert_eq!(stopped.says, captured("10.00"));
    for _ in 0..2 {
        let back = world
            .provider
            .refund("o-1", &intent.intent_id, money("10.00"), &dollars())
            .await
            .unwrap();
        assert_eq!(back.says, refunded("10.00"));
    }
    assert_eq!(says(&world.heard("o-1", 4).await)[3], refunded("10.00"));
    assert_eq!(world.sums().await, ("10.00".into(), "10.00".into()));
}

#[tokio::test]
async fn an_order_that_was_stopped_before_is_not_charged() {
    let world = World::new().await;
    let stopped = world.provider.cancel("o-1").await.unwrap();
    assert_eq!(stopped.says, ProviderSays::Cancelled);
    let again = world.provider.cancel("o-1").await.unwrap();
    assert_eq!(again, stopped);
    let created = world.provider.create("o-1", &terms("10.00")).await.unwrap();
    assert_eq!(created, stopped);
    assert_eq!(world.sums().await.0, "none");
}
