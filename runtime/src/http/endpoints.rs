use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, handler::Handler};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::health::Health;

use super::{Problem, ProblemType, problem_pages};

/// What `/readyz` and `/metrics` show.
#[derive(Clone)]
pub struct Operations {
    pub health: Health,
    pub metrics: PrometheusHandle,
}

/// Adds `/livez` (the process answers), `/readyz` (it has what it needs), `/metrics` (Prometheus
/// text), `/problems` (what errors mean), and problem+json for unknown routes and wrong methods.
pub fn operations(router: Router, operations: Operations) -> Router {
    let own = Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(render))
        .with_state(operations);
    router
        .merge(own)
        .merge(problem_pages::router())
        .fallback_service(no_such_route.with_state(()))
        .method_not_allowed_fallback(wrong_method)
}

async fn live() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "application/json")],
        r#"{"status":"alive"}"#,
    )
}

/// 200 when every dependency is up, else 503; each with its state either way.
async fn ready(State(operations): State<Operations>) -> Response {
    let ready = operations.health.is_ready();
    let (code, status) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let checks = operations.health.report();
    let body = serde_json::json!({ "status": status, "checks": checks }).to_string();
    (code, [(CONTENT_TYPE, "application/json")], body).into_response()
}

async fn render(State(operations): State<Operations>) -> impl IntoResponse {
    operations.metrics.run_upkeep();
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        operations.metrics.render(),
    )
}

async fn no_such_route() -> Problem {
    Problem::new(
        ProblemType::RouteNotFound,
        "The path is not one this API serves.",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(
        ProblemType::MethodNotAllowed,
        "See the Allow header for the methods it supports.",
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::post;
    use http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::*;

    fn router(health: Health) -> Router {
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        operations(
            Router::new().route("/thing", post(|| async { "made" })),
            Operations { health, metrics },
        )
    }

    async fn call(
        router: &Router,
        method: &str,
        path: &str,
    ) -> (StatusCode, http::HeaderMap, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (
            parts.status,
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn readiness_follows_the_checks() {
        let health = Health::default();
        let check = health.check("postgres");
        let router = router(health);
        let (status, _, body) = call(&router, "GET", "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            body,
            r#"{"checks":{"postgres":{"state":"probing"}},"status":"not ready"}"#
        );
        check.up();
        let (status, _, body) = call(&router, "GET", "/readyz").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            body,
            r#"{"checks":{"postgres":{"state":"up"}},"status":"ready"}"#
        );
        assert_eq!(call(&router, "GET", "/livez").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_problem_leads_to_its_page() {
        let router = router(Health::default());
        let (_, _, problem) = call(&router, "GET", "/nowhere").await;
        let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
        let (status, headers, page) = call(&router, "GET", problem["type"].as_str().unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(page.contains("There is nothing at this path."), "{page}");
        let (_, _, index) = call(&router, "GET", "/problems").await;
        for problem in ProblemType::ALL {
            assert!(index.contains(&format!("href=\"{problem}\"")), "{problem}");
        }
        let (status, ..) = call(&router, "GET", "/problems/no-such").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn unknown_routes_and_wrong_methods_are_problems() {
        let router = router(Health::default());
        let (status, headers, body) = call(&router, "GET", "/nowhere").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert!(
            body.contains(r#""type":"/problems/route-not-found""#),
            "{body}"
        );
        let (status, headers, body) = call(&router, "DELETE", "/thing").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(headers["allow"], "POST");
        assert!(
            body.contains(r#""type":"/problems/method-not-allowed""#),
            "{body}"
        );
    }
}
