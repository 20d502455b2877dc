//! HTTP queries over MongoDB.

mod answer;
mod cursor;
mod get_order;
mod list_orders;
mod live;

use axum::Router;
use axum::routing::get;

pub use live::LiveGeneration;

/// The port this API listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8085;

/// The query endpoints.
pub fn router(live: LiveGeneration) -> Router {
    Router::new()
        .route("/api/orders", get(list_orders::list_orders))
        .route("/api/orders/{id}", get(get_order::get_order))
        .with_state(live)
}
