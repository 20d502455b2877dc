//! What callers ask for, and how they are answered. No answer goes out before what it says is on
//! the disk.

mod answer;
mod cancel;
mod create;
mod key;
mod ledger;
mod problem;
mod read;
mod refund;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use runtime::http::{Access, AccessRule};

use crate::simulator::Provider;

/// It asks for its own key, which nobody else's credentials replace.
pub const ACCESS: &[AccessRule] = &[("/v1", Access::Open)];

const MAX_BYTES: usize = 16 * 1024;

pub fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/v1/intents", post(create::create))
        .route("/v1/intents/{id}", get(show::intent))
        .route("/v1/intents/{id}/refund", post(refund::refund))
        .route("/v1/orders/{id}", get(show::of_order))
        .route("/v1/orders/{id}/cancel", post(cancel::cancel))
        .route("/v1/ledger", get(ledger::ledger))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .layer(middleware::from_fn_with_state(
            provider.clone(),
            key::asked_for,
        ))
        .with_state(provider)
}
