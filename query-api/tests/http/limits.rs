//! What the API takes on, and what it refuses.

use std::num::NonZeroU32;

use http::StatusCode;
use query_api::Bounds;
use runtime::http::{Caller, Limits, RateLimit};

use crate::api::{Answer, Api, order, request};
use crate::log::{LogOf, event};
use crate::sse::Reading;

async fn one_at_a_time() -> Api {
    let api = Api::with(&[order("o-1")]).await;
    let limits = Limits {
        concurrent: 1,
        rate: None,
    };
    Api::limited(&api.database, Bounds::default(), limits)
}

#[tokio::test]
async fn what_is_more_than_may_be_in_hand_is_refused_at_once() {
    let api = one_at_a_time().await;
    let wait = api.get_with("/api/orders/o-1?minVersion=2", &[("prefer", "wait=1")]);
    let (waited, refused) = tokio::join!(biased; wait, async {
        // Polled after the one that waits, which has the place by now.
        let refused = api.get("/api/orders/o-1").await;
        assert_eq!(api.get("/livez").await.status, StatusCode::OK);
        refused
    });
    assert_eq!(waited.problem(), "version-not-reached");
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.problem(), "overloaded");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(api.get("/api/orders/o-1").await.status, StatusCode::OK);
}

/// Streams have a bound of their own.
#[tokio::test]
async fn an_open_stream_is_not_in_hand() {
    let api = one_at_a_time().await;
    let log = LogOf(&api);
    log.begin(1).await;
    log.add(&[event("o-1", 1, 0, 0)]).await;
    let mut reading = Reading::open(&api, "/api/orders/o-1/events", None).await;
    reading.events(1).await;
    assert_eq!(api.get("/api/orders/o-1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_caller_that_asks_too_often_is_refused_and_others_are_not() {
    let api = Api::with(&[order("o-1")]).await;
    let rate = RateLimit {
        per_second: NonZeroU32::MIN,
        burst: NonZeroU32::new(2).unwrap(),
    };
    let limits = Limits {
        concurrent: 100,
        rate: Some(rate),
    };
    let api = Api::limited(&api.database, Bounds::default(), limits);
    let ask = async |name: &str| -> Answer {
        let mut request = request("/api/orders/o-1", &[]);
        let caller = Caller {
            name: name.into(),
            ..Caller::anyone()
        };
        request.extensions_mut().insert(caller);
        api.call(request).await
    };
    let first = ask("a").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.headers["ratelimit-policy"], "\"caller\";q=2;w=2");
    // Faster than one a second.
    let refused = loop {
        let answer = ask("a").await;
        if answer.status != StatusCode::OK {
            break answer;
        }
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.problem(), "quota-exceeded");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit"], "\"caller\";r=0;t=1");
    assert_eq!(ask("b").await.status, StatusCode::OK);
}
