use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tracing::Instrument;

use super::Trace;
use crate::Ids;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What a request carries through everything it sets in motion. Handlers take it as an `Extension`.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The caller's `x-request-id`, or a new one: the correlation id of all that follows.
    pub request_id: String,
    /// This request's own step in the caller's W3C trace, or in a new one: the parent of all that
    /// follows.
    pub traceparent: String,
}

/// Gives every request its context, answers with `x-request-id` and `traceparent`, logs and measures it.
pub fn with_context(router: Router, ids: Arc<dyn Ids>) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let ids = ids.clone();
        async move { handle(request, next, ids.as_ref()).await }
    }))
}

async fn handle(mut request: Request, next: Next, ids: &dyn Ids) -> Response {
    let begun = request.headers().get(TRACEPARENT);
    let begun = begun.and_then(|value| Trace::parse(value.to_str().ok()?));
    let trace = Trace::step(begun, ids);
    let context = RequestContext {
        request_id: caller_id(request.headers()).unwrap_or_else(|| ids.next().to_string()),
        traceparent: trace.to_string(),
    };
    let method = request.method().clone();
    // The route, not the path: paths carry ids, and each would be a time series of its own.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!(
        "request",
        correlation_id = context.request_id,
        trace_id = trace.trace_id(),
        %method,
        route,
        caller = tracing::field::Empty,
    );
    let answer_id = HeaderValue::try_from(&context.request_id);
    let answer_trace = HeaderValue::try_from(&context.traceparent);
    request.extensions_mut().insert(context);

    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let elapsed = started.elapsed();

    if let Ok(id) = answer_id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if let Ok(trace) = answer_trace {
        response.headers_mut().insert(TRACEPARENT, trace);
    }
    let status = response.status();
    span.in_scope(|| {
        // Not being ready is an answer, and is asked for every second.
        if status.is_server_error() && route != "/readyz" {
            tracing::warn!(status = status.as_u16(), ?elapsed, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), ?elapsed, "answered");
        }
    });
    metrics::histogram!(
        "http_request_seconds",
        "method" => known_method(&method),
        "route" => route,
        "status" => status.as_str().to_owned(),
    )
    .record(elapsed);
    response
}

/// Callers can make methods up, and each would be a time series of its own.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
    let known = KNOWN.into_iter().find(|known| method.as_str() == *known);
    known.unwrap_or("other")
}

/// 1 to 128 visible ASCII characters; anything else is not taken over.
fn caller_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn takes_over_a_fitting_request_id_only() {
        assert_eq!(caller_id(&headers(REQUEST_ID, "abc-1")).unwrap(), "abc-1");
        assert_eq!(caller_id(&headers(REQUEST_ID, "a b")), None);
        assert_eq!(caller_id(&headers(REQUEST_ID, "")), None);
        assert_eq!(caller_id(&headers(REQUEST_ID, &"x".repeat(129))), None);
    }
}
