use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::{Problem, ProblemType};

/// Takes on at most so many requests at once, and refuses the others before anything of them is
/// read: what a process holds is bounded, and those it has taken on get their answers. A request
/// counts until its answer begins. Health endpoints that are added later are not counted.
pub fn with_load_shed(router: Router, max_concurrent: usize) -> Router {
    let places = Arc::new(Semaphore::new(max_concurrent));
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let place = places.clone().try_acquire_owned();
        async move {
            match place {
                Ok(_place) => next.run(request).await,
                Err(_) => overloaded(),
            }
        }
    }))
}

fn overloaded() -> Response {
    metrics::counter!("http_requests_shed_total").increment(1);
    Problem::new(
        ProblemType::Overloaded,
        "The request was not taken on, and nothing was changed. It can be sent again.",
    )
    .retry_after(1)
    .into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::StatusCode;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_refused_at_once() {
        let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (enters, waits) = (entered.clone(), go_on.clone());
        let slow = move || {
            let (enters, waits) = (enters.clone(), waits.clone());
            async move {
                enters.notify_one();
                waits.notified().await;
            }
        };
        let router = Router::new().route("/slow", get(slow));
        let router = with_load_shed(router, 1).route("/livez", get(|| async {}));
        let call = |path: &'static str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let router = router.clone();
            async move { router.oneshot(request).await.unwrap() }
        };
        let (first, ()) = tokio::join!(call("/slow"), async {
            entered.notified().await;
            let refused = call("/slow").await;
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(refused.headers()["retry-after"], "1");
            assert_eq!(call("/livez").await.status(), StatusCode::OK);
            go_on.notify_one();
        });
        assert_eq!(first.status(), StatusCode::OK);
        go_on.notify_one();
        assert_eq!(call("/slow").await.status(), StatusCode::OK);
    }
}
