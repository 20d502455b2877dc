//! The dead-letter desk: what could not be published or applied, and what to do about it. To act
//! on an item sets its state; who owns it takes that up on its next turn.

mod act;
mod answer;
mod cursor;
mod described;
mod discard;
mod filter;
mod list;
mod owner;
mod requeue;
mod requeue_all;
mod show;
mod stats;

use utoipa::openapi::{RefOr, Required};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::CommandApi;

pub use owner::{Desk, Owner};

pub fn router() -> OpenApiRouter<CommandApi> {
    let mut requeue = routes!(requeue::requeue);
    let operations = requeue
        .1
        .paths
        .values_mut()
        .filter_map(|item| item.post.as_mut());
    for body in operations.filter_map(|post| post.request_body.as_mut()) {
        // Who acts may be left out, and then there is no body at all.
        if let RefOr::T(body) = body {
            body.required = Some(Required::False);
        }
    }
    OpenApiRouter::default()
        .routes(routes!(list::list))
        .routes(routes!(stats::stats))
        .routes(routes!(requeue_all::requeue_all))
        .routes(routes!(show::show))
        .routes(requeue)
        .routes(routes!(discard::discard))
}
