use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::response::Response;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::CorsLayer;

/// What browsers hold to: whose pages may call (CORS; none, where no origin is named), and that
/// answers are what they say they are and come over TLS where there is TLS.
pub fn for_browsers(router: Router, origins: &[HeaderValue], tls: bool) -> Router {
    let router = match origins {
        [] => router,
        origins => router.layer(cross_origin(origins)),
    };
    router.layer(middleware::map_response(
        move |mut response: Response| async move {
            let headers = response.headers_mut();
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if tls {
                let year = HeaderValue::from_static("max-age=31536000");
                headers.insert(STRICT_TRANSPORT_SECURITY, year);
            }
            response
        },
    ))
}

/// Without cookies: pages send a token or a key of their own, as other callers do.
fn cross_origin(origins: &[HeaderValue]) -> CorsLayer {
    let named = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            IF_NONE_MATCH,
            named("idempotency-key"),
            named("last-event-id"),
            named("prefer"),
            named("traceparent"),
            named("x-request-id"),
        ])
        .expose_headers([
            ETAG,
            LOCATION,
            RETRY_AFTER,
            WWW_AUTHENTICATE,
            named("traceparent"),
            named("x-request-id"),
        ])
        .max_age(Duration::from_secs(3600))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    async fn answer(origins: &[&'static str], method: &str, origin: &str) -> Response {
        let origins: Vec<_> = origins
            .iter()
            .map(|o| HeaderValue::from_static(o))
            .collect();
        let router = Router::new().route("/thing", get(async || "thing"));
        let request = Request::builder()
            .method(method)
            .uri("/thing")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .body(Body::empty())
            .unwrap();
        let router = for_browsers(router, &origins, true);
        router.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn only_named_origins_are_let_in() {
        const ALLOWED: &str = "access-control-allow-origin";
        let shop = "https://shop.example";
        for method in ["GET", "OPTIONS"] {
            let response = answer(&[shop], method, shop).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[ALLOWED], shop);
            let response = answer(&[shop], method, "https://other.example").await;
            assert!(!response.headers().contains_key(ALLOWED));
            let response = answer(&[], method, shop).await;
            assert!(!response.headers().contains_key(ALLOWED));
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }
}
