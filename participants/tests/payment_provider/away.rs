use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use domain::payment::ProviderSays;
use http::StatusCode;
use participants::payment::provider::{NotNow, Provider, ProviderConfig, ProviderError, Refused};
use runtime::config::Secret;
use runtime::health::{Health, State};
use runtime::http::{ConnectionLimits, bind, serve};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fixture::{PATIENCE, World, captured, says, terms};
use crate::simulated::KEY;

const NAME: &str = "payment-provider";

/// Time enough for a call to be spared on a busy machine.
const PROBE_AFTER: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_provider_that_is_away_is_spared_and_found_again() {
    let mut world = World::with(
        |_| {},
        |client| {
            client.failures = NonZeroU32::new(3).unwrap();
            client.probe_after = PROBE_AFTER;
        },
    )
    .await;
    assert!(world.health.is_ready());
    world.stop_simulator().await;
    for _ in 0..3 {
        let failed = world.provider.create("o-1", &terms("10.00")).await;
        let Err(ProviderError::NotNow(NotNow::Unreachable(_))) = failed else {
            panic!("{failed:?}");
        };
    }
    let spared = world.provider.create("o-1", &terms("10.00")).await;
    let Err(ProviderError::NotNow(away @ NotNow::Away(_))) = spared else {
        panic!("{spared:?}");
    };
    assert!(away.retry_after().unwrap() <= PROBE_AFTER);
    assert_eq!(world.health.report()[NAME].state, State::Away);

    world.start_simulator().await;
    let deadline = Instant::now() + PATIENCE;
    let said = loop {
        match world.provider.create("o-1", &terms("10.00")).await {
            Ok(said) => break said,
            Err(ProviderError::NotNow(_)) => assert!(Instant::now() < deadline),
            Err(refused) => panic!("{refused}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(said.says, ProviderSays::Pending);
    assert!(world.health.is_ready());
    assert_eq!(says(&world.heard("o-1", 3).await)[2], captured("10.00"));
}

/// Where nobody calls, nobody else would find out.
#[tokio::test]
async fn watching_finds_it_again_without_a_call() {
    let mut world = World::with(
        |_| {},
        |client| {
            client.failures = NonZeroU32::MIN;
            client.probe_after = Duration::from_millis(100);
        },
    )
    .await;
    world.stop_simulator().await;
    world.provider.cancel("o-1").await.unwrap_err();
    assert!(!world.health.is_ready());
    let (provider, stop) = (world.provider.clone(), CancellationToken::new());
    let stopping = stop.clone();
    let watching = tokio::spawn(async move { provider.watch(stopping).await });
    world.start_simulator().await;
    let deadline = Instant::now() + PATIENCE;
    while !world.health.is_ready() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    watching.await.unwrap();
}

/// A provider that answers everything in one way, and counts.
async fn always(status: u16, headers: &'static [(&str, &str)]) -> (Provider, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let router = Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let mut answer = axum::response::Response::new("what".to_owned());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            answer.headers_mut().insert(*name, value.parse().unwrap());
        }
        async { answer }
    });
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limits = ConnectionLimits::default();
    tokio::spawn(serve(
        listener,
        router,
        limits,
        None,
        CancellationToken::new(),
    ));
    let mut config = ProviderConfig::new(url, Secret::new(KEY));
    config.failures = NonZeroU32::new(2).unwrap();
    (Provider::new(config, &Health::default()).unwrap(), calls)
}

#[tokio::test]
async fn what_passes_is_tried_again_and_opens_the_breaker() {
    for status in [408, 425, 429, 500, 502, 503] {
        let (provider, calls) = always(status, &[("retry-after", "7")]).await;
        for _ in 0..2 {
            let answer = provider.cancel("o-1").await;
            let Err(ProviderError::NotNow(busy @ NotNow::Busy { .. })) = answer else {
                panic!("{status}: {answer:?}");
            };
            assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)));
        }
        let spared = provider.cancel("o-1").await;
        let away = matches!(spared, Err(ProviderError::NotNow(NotNow::Away(_))));
        assert!(away, "{status}: {spared:?}");
        assert_eq!(calls.load(Ordering::SeqCst), 2, "{status}");
    }
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_faults_and_leave_it_up() {
    for status in [200, 201, 302, 400, 402, 404, 409, 422] {
        let (provider, calls) = always(status, &[("location", "/elsewhere")]).await;
        for _ in 0..4 {
            let answer = provider.create("o-1", &terms("10.00")).await;
            let Err(ProviderError::Refused(refused)) = answer else {
                panic!("{status}: {answer:?}");
            };
            let unreadable = matches!(refused, Refused::Unreadable { .. });
            assert_eq!(unreadable, status < 300, "{refused}");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 4, "{status}");
    }
}
