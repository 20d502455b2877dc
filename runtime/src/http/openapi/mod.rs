//! What an API says of itself: `/openapi.json` (OpenAPI 3.1) from the code that serves it, and
//! `/docs` to browse it, offline.

mod problems;

use axum::Router;
use axum::routing::get;
use http::header::{CONTENT_TYPE, HeaderValue};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::Problem;

pub use problems::{ProblemBody, ViolationBody, problem_responses};

const DOCUMENT: &str = "/openapi.json";
const PAGES: &str = "/docs";

/// The paths that describe an API.
pub const DESCRIPTION_PATHS: [&str; 2] = [DOCUMENT, PAGES];

/// An API's document, of what the router serves.
pub fn describe<S: Clone + Send + Sync + 'static>(
    router: OpenApiRouter<S>,
    title: &str,
    description: &str,
) -> (Router<S>, OpenApi) {
    let (router, mut api) = router.split_for_parts();
    api.info = InfoBuilder::new()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .build();
    api.security = Some(vec![
        SecurityRequirement::default(),
        SecurityRequirement::new::<_, [&str; 0], &str>("token", []),
        SecurityRequirement::new::<_, [&str; 0], &str>("apiKey", []),
    ]);
    let components = api.components.get_or_insert_with(Components::new);
    for (name, schema) in problems::schemas() {
        components.schemas.insert(name, schema);
    }
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("Where authentication is turned on"))
                .build(),
        ),
    );
    components.add_security_scheme(
        "apiKey",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "X-Api-Key",
            "Where authentication is turned on",
        ))),
    );
    (router, api)
}

/// Adds `/openapi.json` and `/docs`.
pub fn with_description<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    api: &OpenApi,
) -> Router<S> {
    let document = api
        .to_json()
        .inspect_err(|error| tracing::error!(%error, "the API cannot be described"))
        .ok();
    let serve = move || {
        let document = document.clone();
        async move {
            let document = document.ok_or_else(Problem::internal)?;
            let json = HeaderValue::from_static("application/vnd.oai.openapi+json;version=3.1");
            Ok::<_, Problem>(([(CONTENT_TYPE, json)], document))
        }
    };
    let pages: Router<S> = SwaggerUi::new(PAGES).config(Config::from(DOCUMENT)).into();
    router.route(DOCUMENT, get(serve)).merge(pages)
}
