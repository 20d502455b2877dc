use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use http::{HeaderMap, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use runtime::config::AuthArgs;
use runtime::health::Health;
use runtime::http::{Access, AccessRule, Caller, Operations, Scope, authenticated, operations};
use runtime::{Clock, ManualClock};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

use crate::issuer::{AUDIENCE, ISSUER, NOW};

const ACCESS: &[AccessRule] = &[
    ("/read", Access::Needs(Scope::OrdersRead)),
    ("/write", Access::Needs(Scope::OrdersWrite)),
];

/// An API whose routes answer with who asked.
pub struct Api {
    router: Router,
    pub health: Health,
    pub folder: TempDir,
    _stop: DropGuard,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// Settings whose files are in a folder of the test's own.
pub fn files(jwks: Option<&str>, api_keys: Option<&str>) -> (AuthArgs, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let args = AuthArgs {
        jwt_jwks_file: jwks.map(|text| write("jwks.json", text)),
        jwt_issuer: jwks.map(|_| ISSUER.to_owned()),
        jwt_audience: jwks.map(|_| AUDIENCE.to_owned()),
        api_keys_file: api_keys.map(|text| write("keys.json", text)),
        ..AuthArgs::default()
    };
    (args, folder)
}

impl Api {
    pub fn with((args, folder): (AuthArgs, TempDir)) -> Self {
        let clock: Arc<dyn Clock> =
            Arc::new(ManualClock::at(jiff::Timestamp::from_second(NOW).unwrap()));
        let authentication = args.authentication(clock).unwrap();
        let (health, stop) = (Health::default(), CancellationToken::new());
        let fresh = authentication.keep_fresh(&health, stop.clone());
        tokio::spawn(fresh);
        let own = Operations {
            health: health.clone(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        };
        let who = async |caller: Caller| format!("{} {:?}", caller.name, caller.customer_id);
        let router = Router::new()
            .route("/read", get(who))
            .route("/read/{id}", get(who))
            .route("/write", get(who))
            .route("/reading", get(async || "nobody thought of this one"));
        Self {
            router: authenticated(operations(router, own), authentication, ACCESS),
            health,
            folder,
            _stop: stop.drop_guard(),
        }
    }

    /// Once the issuer's keys are known.
    pub async fn ready(self) -> Self {
        while !self.health.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self
    }

    pub async fn get(&self, path: &str, authorization: &[&str]) -> Answer {
        let mut request = Request::get(path);
        for value in authorization {
            request = request.header("authorization", *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub async fn bearer(&self, path: &str, token: &str) -> Answer {
        self.get(path, &[&format!("Bearer {token}")]).await
    }

    /// Asks until the answer is this one.
    pub async fn becomes(&self, path: &str, authorization: &str, status: StatusCode) {
        let until = async {
            while self.get(path, &[authorization]).await.status != status {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), until).await;
        assert!(waited.is_ok(), "never {status}");
    }
}

impl Answer {
    pub fn problem(&self) -> String {
        let problem: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["type"].as_str().unwrap().to_owned()
    }

    pub fn is_refused(&self) {
        assert_eq!(self.status, StatusCode::UNAUTHORIZED, "{}", self.text);
        assert_eq!(self.problem(), "/problems/invalid-credentials");
        assert!(self.headers.contains_key("www-authenticate"));
    }
}
