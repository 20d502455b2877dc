//! HTTP commands, and the dead-letter desk.

mod answer;
mod asked;
mod body;
mod cancel;
mod confirm;
mod create;
mod create_saga;
mod dead_letters;
mod described;
mod field_fault;
mod fields;
mod head;
mod idempotency;
mod if_match;
mod order_id;
mod settings;
mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use runtime::http::openapi::{describe, with_description};
use runtime::http::{Access, AccessRule, Scope};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use dead_letters::Owner;
pub use idempotency::delete_expired_keys;
pub use settings::Settings;
pub use state::CommandApi;

/// The port this API listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8084;

/// Who may reach what. The desk shows and moves everybody's events.
pub const ACCESS: &[AccessRule] = &[
    ("/api/orders", Access::Needs(Scope::OrdersWrite)),
    ("/api/dead-letters", Access::Needs(Scope::Ops)),
];

/// The command endpoints, and the desk's, and what describes them.
pub fn router(api: CommandApi) -> Router {
    let time_out = api.settings.time_out;
    let (router, description) = described();
    let router = router
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        .with_state(api);
    let router = runtime::http::with_deadline(router, time_out);
    with_description(router, &description)
}

/// The OpenAPI document of the commands and the desk.
pub fn openapi() -> OpenApi {
    described().1
}

fn described() -> (Router<CommandApi>, OpenApi) {
    let router = OpenApiRouter::default()
        .routes(routes!(create::create))
        .routes(routes!(create_saga::create_saga))
        .routes(routes!(confirm::confirm))
        .routes(routes!(cancel::cancel))
        .merge(dead_letters::router());
    describe(
        router,
        "Orders: commands",
        "Creates, confirms and cancels orders, and moves what could not be published or applied. \
         Orders are read from the query API, a little later.",
    )
}
