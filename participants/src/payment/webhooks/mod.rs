//! What the provider tells by itself: `POST /webhooks/payments`.
//!
//! It comes at least once and in any order. Whoever takes it stores it before it is answered;
//! whether it is news is not asked here.

mod body;
mod refusal;
mod secret;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use runtime::Clock;
use runtime::http::{Access, AccessRule, Problem};

pub use body::PaymentWebhook;
pub use refusal::WebhookRefused;
use refusal::{forged, stale, unread};
pub use secret::{WebhookSecretError, WebhookSecrets};
use signature::Fault;

/// The port it listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8086;

/// The signature says who sends it: nobody is asked for other credentials.
pub const ACCESS: &[AccessRule] = &[("/webhooks/payments", Access::Open)];

pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// Long enough to store one webhook. The provider sends again what was not answered.
const WITHIN: Duration = Duration::from_secs(5);

/// Verifies webhooks and hands them to `sink`, which answers when they are stored.
pub fn router<S, F>(secrets: WebhookSecrets, clock: Arc<dyn Clock>, sink: S) -> Router
where
    S: Fn(PaymentWebhook) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), WebhookRefused>> + Send + 'static,
{
    let desk = Arc::new(Desk {
        secrets,
        clock,
        sink,
    });
    let router = Router::new()
        .route("/webhooks/payments", post(receive::<S, F>))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(desk);
    runtime::http::with_deadline(router, WITHIN)
}

struct Desk<S> {
    secrets: WebhookSecrets,
    clock: Arc<dyn Clock>,
    sink: S,
}

async fn receive<S, F>(
    State(desk): State<Arc<Desk<S>>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem>
where
    S: Fn(PaymentWebhook) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), WebhookRefused>> + Send + 'static,
{
    let (outcome, answer) = match desk.take(&headers, body).await {
        Ok(()) => ("stored", Ok(StatusCode::NO_CONTENT)),
        Err((outcome, problem)) => (outcome, Err(problem)),
    };
    metrics::counter!("payment_webhooks_total", "outcome" => outcome).increment(1);
    answer
}

impl<S, F> Desk<S>
where
    S: Fn(PaymentWebhook) -> F,
    F: Future<Output = Result<(), WebhookRefused>>,
{
    async fn take(
        &self,
        headers: &HeaderMap,
        body: Result<Bytes, BytesRejection>,
    ) -> Result<(), (&'static str, Problem)> {
        let body = body.map_err(|fault| ("unread", unread(&fault)))?;
        let now = self.clock.now();
        // Before anything in it is looked at.
        let webhook_id = match self.secrets.verify(headers, &body, now) {
            Ok(webhook_id) => webhook_id,
            Err(Fault::Forged) => return Err(("forged", forged())),
            Err(Fault::Stale) => return Err(("stale", stale())),
        };
        let webhook = PaymentWebhook::read(webhook_id, &body).map_err(|problem| {
            // Its sender has the secret, and will send it again and again.
            tracing::warn!(webhook_id, "a signed webhook cannot be read");
            ("unreadable", problem)
        })?;
        let stored = (self.sink)(webhook).await;
        stored.map_err(|refused| ("not_now", refused.into()))
    }
}
