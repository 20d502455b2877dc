//! The dead-letter desk: what could not be published or applied, and what to do about it. To act
//! on an item sets its state; who owns it takes that up on its next turn.

mod answer;
mod cursor;
mod discard;
mod filter;
mod list;
mod requeue;
mod requeue_all;
mod show;
mod stats;

use axum::Router;
use axum::routing::{get, post};

use crate::CommandApi;

pub fn router() -> Router<CommandApi> {
    let item = "/api/dead-letters/{id}";
    Router::new()
        .route("/api/dead-letters", get(list::list))
        .route("/api/dead-letters/stats", get(stats::stats))
        .route("/api/dead-letters/requeue", post(requeue_all::requeue_all))
        .route(item, get(show::show))
        .route(&format!("{item}/requeue"), post(requeue::requeue))
        .route(&format!("{item}/discard"), post(discard::discard))
}
