//! Requests that are wrong around the body: content type, method, path.

use axum::body::Body;
use http::{Method, Request, StatusCode};

use crate::api::{Answer, Api, EXAMPLE};

async fn post_as(api: &Api, content_type: Option<&[u8]>) -> Answer {
    let mut request = Request::post("/api/orders");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    api.call(request.body(EXAMPLE.into()).unwrap()).await
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_not_read() {
    let api = Api::new().await;
    for content_type in [
        None,
        Some(&b""[..]),
        Some(b"text/plain"),
        Some(b"text/json"),
        Some(b"application/x-www-form-urlencoded"),
        Some(b"multipart/form-data; boundary=application/json"),
        Some(b"application/jsonp"),
        Some(b"application/xml; application/json"),
        Some(b"application/json\xff"),
    ] {
        let answer = post_as(&api, content_type).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(answer.problem(), "unsupported-media-type");
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn json_may_be_called_so_in_several_ways() {
    let api = Api::new().await;
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON ;charset=UTF-8",
        "application/vnd.orders+json",
    ] {
        let answer = post_as(&api, Some(content_type.as_bytes())).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{content_type}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let api = Api::new().await;
    let order = "01939d2e-0000-7000-8000-000000000000";
    for path in [
        "/api/orders".to_owned(),
        format!("/api/orders/{order}/confirm"),
        format!("/api/orders/{order}/cancel"),
    ] {
        for method in [
            Method::GET,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            let mut request = crate::api::post(&path, EXAMPLE);
            *request.method_mut() = method;
            let answer = api.call(request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(answer.problem(), "method-not-allowed");
            assert_eq!(answer.headers["allow"], "POST");
        }
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let api = Api::new().await;
    for path in [
        "/",
        "/api",
        "/api/orders/",
        "/api//orders",
        "/API/orders",
        "/api/orders/1",
        "/api/orders/1/refund",
        "/api/orders/1/confirm/",
        "/api/orders/../orders",
    ] {
        let answer = api.post(path, EXAMPLE).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem(), "route-not-found", "{path}");
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn a_path_that_is_not_utf8_cannot_be_read() {
    let api = Api::new().await;
    for path in ["/api/orders/%ff/confirm", "/api/orders/%c3%28/cancel"] {
        let answer = api.post(path, r#"{"reason":"late"}"#).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.problem(), "malformed-path");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_an_order() {
    let api = Api::new().await;
    let pieces = [Ok(EXAMPLE), Err(std::io::Error::other("broken pipe"))];
    let body = Body::from_stream(futures::stream::iter(pieces));
    let answer = api.post("/api/orders", body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.problem(), "body-unreadable");
    assert!(!answer.text.contains("broken pipe"), "{}", answer.text);
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn every_error_has_a_request_id_too() {
    let api = Api::new().await;
    for path in ["/api/orders", "/nowhere"] {
        let mut request = crate::api::post(path, "{");
        let headers = request.headers_mut();
        headers.insert("x-request-id", "request-7".parse().unwrap());
        let answer = api.call(request).await;
        assert_eq!(answer.headers["x-request-id"], "request-7");
    }
}
