use std::time::Duration;

use axum::body::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::answer::Answer;
use super::{NotNow, ProviderConfig, ProviderConfigError};

/// One call. Redirects are not followed: the key is for this provider only.
pub struct Call {
    /// For metrics.
    pub name: &'static str,
    pub method: Method,
    pub path: String,
    pub key: Option<String>,
    pub body: Option<serde_json::Value>,
}

/// The connections to the provider.
pub struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
    time_out: Duration,
}

const MAX_BYTES: usize = 64 * 1024;

impl Wire {
    pub fn new(config: ProviderConfig) -> Result<Self, ProviderConfigError> {
        let (base, encrypted) = config.base()?;
        let bearer = format!("Bearer {}", config.api_key.expose());
        let mut authorization =
            HeaderValue::try_from(bearer).map_err(|_| ProviderConfigError::ApiKey)?;
        authorization.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector(encrypted)?);
        Ok(Self {
            client,
            base,
            authorization,
            time_out: config.time_out,
        })
    }

    pub async fn call(&self, call: Call) -> Result<Answer, NotNow> {
        let (name, begun) = (call.name, Instant::now());
        let answered = tokio::time::timeout(self.time_out, self.send(call)).await;
        let answered = answered.unwrap_or(Err(NotNow::Late(self.time_out)));
        let outcome = match &answered {
            Ok(answer) if answer.status.is_success() => "answered",
            Ok(_) => "refused",
            Err(fault) => fault.name(),
        };
        metrics::histogram!("payment_provider_seconds", "call" => name, "outcome" => outcome)
            .record(begun.elapsed());
        answered
    }

    async fn send(&self, call: Call) -> Result<Answer, NotNow> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.base, call.path))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json");
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key);
        }
        let body = match call.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Full::from(body.to_string())
            }
            None => Full::default(),
        };
        let unreachable = |why: &dyn std::error::Error| NotNow::Unreachable(whole(why));
        let request = request.body(body).map_err(|e| unreachable(&e))?;
        let answer = self.client.request(request).await;
        let (head, body) = answer.map_err(|e| unreachable(&e))?.into_parts();
        if let Some(fault) = passing(head.status, &head.headers) {
            return Err(fault);
        }
        let body = Limited::new(body, MAX_BYTES).collect().await;
        let body = body.map_err(|e| unreachable(e.as_ref()))?.to_bytes();
        Ok(Answer {
            status: head.status,
            body,
        })
    }
}

/// Answers that say nothing of the payment.
fn passing(status: StatusCode, headers: &HeaderMap) -> Option<NotNow> {
    let passes = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_server_error() || passes.contains(&status) {
        let seconds = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
        let retry_after = seconds.and_then(|s| s.parse().ok().map(Duration::from_secs));
        return Some(NotNow::Busy {
            status,
            retry_after,
        });
    }
    let wrong_key = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
    wrong_key
        .contains(&status)
        .then_some(NotNow::WrongKey(status))
}

/// Root certificates are needed, and asked for, where there is TLS.
fn connector(encrypted: bool) -> Result<HttpsConnector<HttpConnector>, ProviderConfigError> {
    let builder = HttpsConnectorBuilder::new();
    let builder = if encrypted {
        let builder = builder.with_provider_and_native_roots(default_provider());
        builder.map_err(ProviderConfigError::Roots)?.https_only()
    } else {
        let tls = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        builder.with_tls_config(tls).https_or_http()
    };
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    Ok(builder.enable_http1().wrap_connector(http))
}

/// With what is behind it: hyper's own text says that it failed, not why.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
