use domain::IntentId;
use http::StatusCode;
use participants::payment::provider::{
    NotNow, Provider, ProviderConfig, ProviderConfigError, ProviderError, Refused,
};
use runtime::config::Secret;
use runtime::health::Health;

use crate::fixture::{World, dollars, money, terms};

fn refusal<T: std::fmt::Debug>(answer: Result<T, ProviderError>) -> (StatusCode, String) {
    match answer {
        Err(ProviderError::Refused(Refused::Problem { status, kind, .. })) => (status, kind),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_would_fail_again_is_for_somebody_to_look_at() {
    let world = World::new().await;
    let made = world.provider.create("o-1", &terms("10.05")).await.unwrap();
    let other = world.provider.create("o-1", &terms("11.05")).await;
    let (status, kind) = refusal(other);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(kind, "/problems/key-reused");

    let refund = async |intent: &IntentId| {
        let back = world
            .provider
            .refund("o-1", intent, money("10.05"), &dollars())
            .await;
        refusal(back).0
    };
    assert_eq!(refund(&made.intent_id).await, StatusCode::CONFLICT);
    // A refused call does not use its key up. The id comes as one part of the path.
    let unknown = IntentId::new("pi_?/../..").unwrap();
    assert_eq!(refund(&unknown).await, StatusCode::NOT_FOUND);
}

/// Every payment would meet it: none is at fault.
#[tokio::test]
async fn a_wrong_key_is_no_fault_of_the_payment() {
    let wrong = Secret::new("sk_wrong");
    let world = World::with(|_| {}, |client| client.api_key = wrong).await;
    for _ in 0..5 {
        let refused = world.provider.create("o-1", &terms("10.00")).await;
        assert!(matches!(
            refused,
            Err(ProviderError::NotNow(NotNow::WrongKey(
                StatusCode::UNAUTHORIZED
            )))
        ));
    }
    let check = &world.health.report()["payment-provider"];
    let error = check.error.as_deref().unwrap();
    assert!(error.contains("does not accept the API key"), "{error}");
    assert!(!error.contains("sk_wrong"));
}

#[test]
fn the_configuration_is_checked_and_does_not_show_the_key() {
    let config = |url: &str, key: &str| ProviderConfig::new(url, Secret::new(key));
    let shown = format!("{:?}", config("http://localhost", "sk_test"));
    assert!(!shown.contains("sk_test"), "{shown}");
    let health = Health::default();
    for url in [
        "",
        "localhost:1",
        "ftp://x",
        "/v1",
        "http://u:p@x",
        "http://x?y",
    ] {
        let refused = Provider::new(config(url, "sk"), &health);
        assert!(matches!(refused, Err(ProviderConfigError::Url(_))), "{url}");
    }
    let refused = Provider::new(config("http://x", "sk\n"), &health)
        .err()
        .unwrap();
    assert!(matches!(refused, ProviderConfigError::ApiKey));
    for url in ["http://x:1", "http://x/base/", "https://x"] {
        assert!(Provider::new(config(url, "sk"), &health).is_ok(), "{url}");
    }
}
