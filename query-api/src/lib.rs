//! HTTP queries over MongoDB.

mod answer;
mod bound;
mod cursor;
mod customer_summary;
mod description;
mod entry;
mod etag;
mod get_history;
mod get_order;
mod keyset;
mod list_events;
mod list_orders;
mod list_sagas;
mod live;
mod log;
mod order_reads;
mod page;
mod parameters;
mod places;
mod prefer;
mod queries;
mod query_error;
mod restaurant_days;
mod saga_answer;
mod saga_figures;
mod saga_metrics;
mod saga_state;
mod saga_statistics;
mod schemas;
mod stream;
mod stream_order;
mod stream_orders;
mod tail;
mod tail_reader;
mod waiters;

use axum::Router;
use runtime::http::openapi::with_description;
use runtime::http::{Access, AccessRule, Scope};

pub use queries::{Bounds, Queries};
pub use saga_answer::{SagaAnswer, stuck_since};

/// The port this API listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8085;

/// Who may reach what.
pub const ACCESS: &[AccessRule] = &[("/api", Access::Needs(Scope::OrdersRead))];

/// The query endpoints, and what they say of themselves. [`Queries::run`] must run beside them.
pub fn router(queries: Queries) -> Router {
    let (router, api) = description::described();
    with_description(router, &api).with_state(queries)
}
