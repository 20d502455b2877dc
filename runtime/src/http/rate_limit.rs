use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Caller, Problem, ProblemType};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// After so many requests, callers that have their whole burst back are forgotten.
const FORGET_AFTER: u32 = 4096;

/// How much one caller may ask: so many requests a second in the long run, and so many at once.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// `None` without a rate. The burst is what a second brings, unless another one is said.
    pub fn of(per_second: Option<NonZeroU32>, burst: Option<NonZeroU32>) -> Option<Self> {
        let per_second = per_second?;
        let burst = burst.unwrap_or(per_second);
        Some(Self { per_second, burst })
    }
}

/// Refuses the requests of a caller that sends too many, and tells every caller how many it has
/// left (draft-ietf-httpapi-ratelimit-headers). Callers who are not asked who they are count as
/// one. To go inside of what finds out who the caller is.
pub fn with_rate_limit(router: Router, limit: RateLimit) -> Router {
    let callers = Arc::new(Callers::new(limit));
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let callers = callers.clone();
        async move {
            let caller = request.extensions().get::<Caller>();
            let name = caller.map_or_else(|| "".into(), |caller| caller.name.clone());
            match callers.ask(&name) {
                Ok(left) => limit.tell(next.run(request).await, left, limit.refilled_in(left)),
                Err(wait) => limit.tell(refused(wait), 0, whole_seconds(wait)),
            }
        }
    }))
}

/// Each caller's bucket.
struct Callers {
    buckets: RateLimiter<
        Arc<str>,
        HashMapStateStore<Arc<str>>,
        DefaultClock,
        StateInformationMiddleware,
    >,
    asked: AtomicU32,
}

impl Callers {
    fn new(limit: RateLimit) -> Self {
        let quota = Quota::per_second(limit.per_second).allow_burst(limit.burst);
        Self {
            buckets: RateLimiter::hashmap(quota).with_middleware(),
            asked: AtomicU32::new(0),
        }
    }

    /// What is left to the caller after this request, or how long until it may send the next.
    fn ask(&self, name: &Arc<str>) -> Result<u32, Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        match self.buckets.check_key(name) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(until) => Err(until.wait_time_from(DefaultClock::default().now())),
        }
    }
}

impl RateLimit {
    fn refilled_in(self, left: u32) -> u32 {
        let missing = self.burst.get().saturating_sub(left);
        missing.div_ceil(self.per_second.get())
    }

    fn tell(self, mut response: Response, left: u32, seconds: u32) -> Response {
        let (burst, window) = (self.burst, self.refilled_in(0));
        let insert = |headers: &mut HeaderMap, name, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        let headers = response.headers_mut();
        let policy = format!("\"caller\";q={burst};w={window}");
        insert(headers, RATE_LIMIT_POLICY, policy);
        insert(
            headers,
            RATE_LIMIT,
            format!("\"caller\";r={left};t={seconds}"),
        );
        response
    }
}

fn refused(wait: Duration) -> Response {
    metrics::counter!("http_requests_rate_limited_total").increment(1);
    Problem::new(
        ProblemType::QuotaExceeded,
        "The request was not taken on, and nothing was changed. It can be sent again later.",
    )
    .with("violated-policies", serde_json::json!(["caller"]))
    .retry_after(whole_seconds(wait))
    .into_response()
}

/// At least one: sooner would be too soon.
fn whole_seconds(wait: Duration) -> u32 {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    fn limit(per_second: u32, burst: u32) -> RateLimit {
        RateLimit {
            per_second: NonZeroU32::new(per_second).unwrap(),
            burst: NonZeroU32::new(burst).unwrap(),
        }
    }

    fn router(limit: RateLimit) -> Router {
        with_rate_limit(Router::new().route("/", get(|| async {})), limit)
    }

    async fn call(router: &Router, name: &str) -> Response {
        let mut request = Request::get("/").body(Body::empty()).unwrap();
        let mut caller = Caller::anyone();
        caller.name = name.into();
        request.extensions_mut().insert(caller);
        router.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn each_caller_has_a_burst_of_its_own_and_is_told_what_is_left() {
        let router = router(limit(1, 3));
        for left in [2, 1, 0] {
            let answer = call(&router, "a").await;
            assert_eq!(answer.status(), StatusCode::OK);
            let (r, t) = (left, 3 - left);
            assert_eq!(answer.headers()[RATE_LIMIT_POLICY], "\"caller\";q=3;w=3");
            assert_eq!(
                answer.headers()[RATE_LIMIT],
                format!("\"caller\";r={r};t={t}")
            );
        }
        let refused = call(&router, "a").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(refused.headers()[RATE_LIMIT], "\"caller\";r=0;t=1");
        assert_eq!(refused.headers()[RATE_LIMIT_POLICY], "\"caller\";q=3;w=3");
        assert_eq!(call(&router, "b").await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_caller_that_waits_may_go_on() {
        let router = router(limit(50, 1));
        assert_eq!(call(&router, "a").await.status(), StatusCode::OK);
        let refilled = async {
            while call(&router, "a").await.status() != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(5), refilled).await;
        assert!(waited.is_ok());
    }

    #[test]
    fn callers_that_are_back_at_their_whole_burst_are_forgotten() {
        let callers = Callers::new(limit(1_000_000, 1));
        for i in 0..10 * FORGET_AFTER {
            let _ = callers.ask(&format!("caller-{i}").into());
        }
        assert!(callers.buckets.len() <= FORGET_AFTER as usize + 1);
    }
}
