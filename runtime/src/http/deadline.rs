use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use http::request::Parts;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Problem, ProblemType};

/// A handler that keeps its deadline says more than that it is over, and is given time to.
const TO_SAY_SO: Duration = Duration::from_millis(500);

/// When a request's time is over.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// From now on.
    pub fn within(time: Duration) -> Self {
        Self(Some(Instant::now() + time))
    }

    /// `None` when the time was over first.
    pub async fn keep<T>(self, work: impl Future<Output = T>) -> Option<T> {
        match self.0 {
            Some(deadline) => timeout_at(deadline, work).await.ok(),
            None => Some(work.await),
        }
    }
}

/// Gives every request its deadline, and up soon after it, whatever it waits for by then.
pub fn with_deadline(router: Router, within: Duration) -> Router {
    router.layer(middleware::from_fn(
        move |mut request: Request, next: Next| async move {
            request.extensions_mut().insert(Deadline::within(within));
            match timeout(within + TO_SAY_SO, next.run(request)).await {
                Ok(response) => response,
                Err(_) => timed_out().into_response(),
            }
        },
    ))
}

/// Where nobody has set one, there is none.
impl<S: Send + Sync> FromRequestParts<S> for Deadline {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(None)))
    }
}

fn timed_out() -> Problem {
    Problem::new(
        ProblemType::TimedOut,
        "What was asked for may still be carried out.",
    )
    .retry_after(1)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    async fn status(router: &Router, path: &str) -> StatusCode {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_may_keep_its_deadline_and_is_given_up_if_it_does_not() {
        let keeps = |deadline: Deadline| async move {
            let kept = deadline.keep(std::future::pending::<()>()).await;
            kept.map_or(StatusCode::REQUEST_TIMEOUT, |()| StatusCode::OK)
        };
        let router = Router::new()
            .route("/keeps", get(keeps))
            .route("/hangs", get(std::future::pending::<StatusCode>))
            .route("/answers", get(|| async { StatusCode::OK }));
        let router = with_deadline(router, Duration::from_secs(10));
        let start = Instant::now();
        assert_eq!(status(&router, "/answers").await, StatusCode::OK);
        assert_eq!(status(&router, "/keeps").await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(start.elapsed().as_secs(), 10);
        let hangs = status(&router, "/hangs").await;
        assert_eq!(hangs, StatusCode::SERVICE_UNAVAILABLE);
        assert!(start.elapsed() < Duration::from_secs(21));
    }
}
