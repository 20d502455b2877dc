use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use payment_simulator::{Simulator, SimulatorConfig, SimulatorError};
use runtime::config::Secret;
use runtime::{SystemClock, TimeOrderedIds};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub const KEY: &str = "sk_test";

pub struct Home {
    _folder: TempDir,
    pub journal: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        Self {
            _folder: folder,
            journal,
        }
    }

    pub fn open(&self) -> Simulator {
        open(&self.journal, "http://127.0.0.1:9/").unwrap()
    }

    pub fn length(&self) -> usize {
        std::fs::metadata(&self.journal).unwrap().len() as usize
    }
}

pub fn open(journal: &Path, webhook_url: &str) -> Result<Simulator, SimulatorError> {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let config = SimulatorConfig::new(journal, Secret::new(KEY), webhook_url, vec![secret]);
    Simulator::open(config, Arc::new(SystemClock), Arc::new(TimeOrderedIds))
}

/// What callers ask for.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub key: String,
    pub body: String,
}

pub fn create(order: &str, amount: &str) -> Call {
    let body = json!({
        "orderId": order, "amount": amount, "currency": "USD", "paymentMethod": "CreditCard",
    });
    Call {
        method: "POST",
        path: "/v1/intents".to_owned(),
        key: format!("{order}/create"),
        body: body.to_string(),
    }
}

pub fn cancel(order: &str) -> Call {
    Call {
        method: "POST",
        path: format!("/v1/orders/{order}/cancel"),
        key: format!("{order}/cancel"),
        body: String::new(),
    }
}

pub fn refund(order: &str, intent: &str, amount: &str) -> Call {
    Call {
        method: "POST",
        path: format!("/v1/intents/{intent}/refund"),
        key: format!("{order}/refund"),
        body: json!({ "amount": amount, "currency": "USD" }).to_string(),
    }
}

pub fn get(path: &str) -> Call {
    Call {
        method: "GET",
        path: path.to_owned(),
        key: "-".to_owned(),
        body: String::new(),
    }
}

impl Call {
    pub async fn send(&self, router: &Router) -> (StatusCode, Value) {
        self.send_with(router, Some(&format!("Bearer {KEY}"))).await
    }

    pub async fn send_with(
        &self,
        router: &Router,
        authorization: Option<&str>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        if !self.key.is_empty() {
            request = request.header("idempotency-key", &self.key);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::from(self.body.clone())).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let kind = &head.headers["content-type"];
        let expected = match head.status.is_success() {
            true => "application/json",
            false => "application/problem+json",
        };
        assert_eq!(kind, expected, "{self:?} {body}");
        (head.status, body)
    }
}
