//! HTTP commands, and the dead-letter desk.

mod answer;
mod body;
mod cancel;
mod confirm;
mod create;
mod dead_letters;
mod field_fault;
mod fields;
mod if_match;
mod order_id;
mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;

pub use state::CommandApi;

/// The port this API listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8084;

/// The command endpoints, and the desk's.
pub fn router(api: CommandApi) -> Router {
    Router::new()
        .route("/api/orders", post(create::create))
        .route("/api/orders/{id}/confirm", post(confirm::confirm))
        .route("/api/orders/{id}/cancel", post(cancel::cancel))
        .merge(dead_letters::router())
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        .with_state(api)
}
