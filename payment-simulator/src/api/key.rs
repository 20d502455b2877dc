use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use crate::simulator::Provider;

/// Lets those through who have the key.
pub async fn asked_for(
    State(provider): State<Arc<Provider>>,
    request: Request,
    next: Next,
) -> Response {
    let sent = request.headers().get(AUTHORIZATION);
    let sent = sent.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let hash = |key: &[u8]| digest(&SHA256, key);
    let known = hash(provider.config.api_key.expose().as_bytes());
    // Of hashes: how long it takes does not tell the key's length either.
    let same = sent.is_some_and(|sent| bool::from(hash(sent).as_ref().ct_eq(known.as_ref())));
    if same {
        next.run(request).await
    } else {
        Problem::WrongKey.into_response()
    }
}
