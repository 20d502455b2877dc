use axum::extract::FromRequestParts;
use http::request::Parts;
use runtime::http::{Caller, Deadline, Problem, RequestContext};

use crate::CommandApi;
use crate::idempotency::IdempotencyKey;

/// What a command comes with beside its content.
pub struct Head {
    pub caller: Caller,
    pub request: RequestContext,
    pub deadline: Deadline,
    pub key: Option<IdempotencyKey>,
}

impl FromRequestParts<CommandApi> for Head {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &CommandApi) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        let Ok(deadline) = Deadline::from_request_parts(parts, api).await;
        let request = parts.extensions.get::<RequestContext>().cloned();
        let key = IdempotencyKey::read(&parts.headers, &caller)?;
        if key.is_none() && api.settings.require_idempotency_key {
            return Err(IdempotencyKey::required());
        }
        Ok(Self {
            caller,
            request: request.ok_or_else(Problem::internal)?,
            deadline,
            key,
        })
    }
}
