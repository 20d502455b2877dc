use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use super::{Caller, Problem, ProblemType, Scope};
use crate::auth::{Authentication, Refusal};

/// What a caller must be allowed to reach a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    Needs(Scope),
}

/// Which access routes with this beginning have; the first that fits counts.
pub type AccessRule = (&'static str, Access);

/// Of the routes that every API has. Metrics tell what goes on inside.
const OWN: &[AccessRule] = &[
    ("/livez", Access::Open),
    ("/readyz", Access::Open),
    ("/problems", Access::Open),
    ("/openapi.json", Access::Open),
    ("/docs", Access::Open),
    ("/metrics", Access::Needs(Scope::Ops)),
];

/// Lets requests through whose caller may reach the route, with the [`Caller`] as an extension. A
/// route that no rule is about is not served at all, also where nobody is asked who they are: no
/// route can be open because it was forgotten.
pub fn authenticated(
    router: Router,
    authentication: Authentication,
    rules: &'static [AccessRule],
) -> Router {
    let authentication = Arc::new(authentication);
    router.layer(middleware::from_fn(move |request, next| {
        let authentication = authentication.clone();
        async move { admit(request, next, &authentication, rules).await }
    }))
}

async fn admit(
    mut request: Request,
    next: Next,
    authentication: &Authentication,
    rules: &[AccessRule],
) -> Response {
    // Without a route there is nothing to protect: the answer is that there is nothing.
    let Some(route) = request.extensions().get::<MatchedPath>() else {
        return next.run(request).await;
    };
    let needed = match access(route.as_str(), rules) {
        Some(Access::Open) => return next.run(request).await,
        Some(Access::Needs(scope)) => scope,
        None => {
            tracing::error!(
                route = route.as_str(),
                "no rule says who may reach this route"
            );
            return Problem::internal().into_response();
        }
    };
    if !authentication.is_on() {
        request.extensions_mut().insert(Caller::anyone());
        return next.run(request).await;
    }
    match authentication.caller(request.headers()).await {
        Err(refusal) => refused(authentication, refusal),
        Ok(caller) if !caller.scopes.contains(&needed) => lacking(authentication, &caller, needed),
        Ok(caller) => {
            tracing::Span::current().record("caller", &*caller.name);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

fn access(route: &str, rules: &[AccessRule]) -> Option<Access> {
    let mut rules = OWN.iter().chain(rules);
    let fits = |beginning: &str| {
        let rest = route.strip_prefix(beginning);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    rules
        .find(|(beginning, _)| fits(beginning))
        .map(|rule| rule.1)
}

fn refused(authentication: &Authentication, refusal: Refusal) -> Response {
    let (problem, error) = match refusal {
        Refusal::NoKeysYet => return Problem::unavailable(refusal.to_string()).into_response(),
        Refusal::Missing => (ProblemType::Unauthenticated, None),
        _ => (ProblemType::InvalidCredentials, Some("invalid_token")),
    };
    metrics::counter!("authentication_refused_total", "reason" => problem.described().kind)
        .increment(1);
    tracing::debug!(%refusal, "not let in");
    let detail = match refusal {
        Refusal::Missing => "The request has no Authorization header.".to_owned(),
        refusal => refusal.to_string(),
    };
    challenged(
        Problem::new(problem, detail),
        authentication.challenge(error),
    )
}

fn lacking(authentication: &Authentication, caller: &Caller, needed: Scope) -> Response {
    let problem = ProblemType::InsufficientScope;
    metrics::counter!("authentication_refused_total", "reason" => problem.described().kind)
        .increment(1);
    tracing::debug!(
        caller = &*caller.name,
        needed = needed.as_str(),
        "not let in"
    );
    let detail = format!("This needs the scope {}.", needed.as_str());
    let problem = Problem::new(problem, detail).with("requiredScope", needed.as_str().into());
    challenged(
        problem,
        authentication.challenge(Some("insufficient_scope")),
    )
}

fn challenged(problem: Problem, challenge: String) -> Response {
    let mut response = problem.into_response();
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}
