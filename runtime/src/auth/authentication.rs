use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio_util::sync::CancellationToken;

use super::{ApiKeyError, ApiKeys, KeySourceError, Tokens};
use crate::health::Health;
use crate::http::Caller;

/// How callers are asked who they are; without either, they are not.
#[derive(Clone, Default)]
pub struct Authentication {
    pub tokens: Option<Arc<Tokens>>,
    pub api_keys: Option<Arc<ApiKeys>>,
}

#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    #[error(transparent)]
    ApiKeys(#[from] ApiKeyError),
}

/// Why credentials are not taken. What is shown of it tells nothing that the caller has not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There are none.")]
    Missing,
    #[error("They cannot be read.")]
    Malformed,
    #[error("They are not known here.")]
    Unknown,
    #[error("The token has expired.")]
    Expired,
    #[error("The token is not valid yet.")]
    TooEarly,
    #[error("The token is from another issuer or for another API.")]
    Elsewhere,
    /// Nothing that the caller did.
    #[error("The issuer's keys could not be read yet.")]
    NoKeysYet,
}

impl Refusal {
    pub(super) fn of(error: &jsonwebtoken::errors::Error) -> Self {
        use jsonwebtoken::errors::ErrorKind::{
            InvalidAlgorithm, InvalidAudience, InvalidIssuer, InvalidSignature,
        };
        match error.kind() {
            InvalidAudience | InvalidIssuer => Self::Elsewhere,
            InvalidSignature | InvalidAlgorithm => Self::Unknown,
            _ => Self::Malformed,
        }
    }
}

impl Authentication {
    pub fn is_on(&self) -> bool {
        self.tokens.is_some() || self.api_keys.is_some()
    }

    /// Follows changes of the keys until `stop`.
    pub fn keep_fresh(
        &self,
        health: &Health,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let tokens = self.tokens.clone();
        let tokens = tokens.map(|tokens| (tokens, health.check("jwks")));
        let api_keys = self.api_keys.clone();
        async move {
            let tokens = async {
                if let Some((tokens, check)) = tokens {
                    tokens.keys.keep_fresh(check, stop.clone()).await;
                }
            };
            let api_keys = async {
                if let Some(keys) = api_keys {
                    keys.keep_fresh(&stop).await;
                }
            };
            tokio::join!(tokens, api_keys);
        }
    }

    /// `Authorization: Bearer …` or `Authorization: ApiKey …`, once.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Err(Refusal::Missing),
            (Some(value), None) => value.to_str().map_err(|_| Refusal::Malformed)?,
            (Some(_), Some(_)) => return Err(Refusal::Malformed),
        };
        let (scheme, credentials) = value.split_once(' ').ok_or(Refusal::Malformed)?;
        let is = |known: &str| scheme.eq_ignore_ascii_case(known);
        match (&self.tokens, &self.api_keys) {
            (Some(tokens), _) if is("Bearer") => tokens.caller(credentials.trim()).await,
            (_, Some(keys)) if is("ApiKey") => {
                keys.caller(credentials.trim()).ok_or(Refusal::Unknown)
            }
            _ => Err(Refusal::Malformed),
        }
    }

    /// For `WWW-Authenticate`: the schemes that are taken, with the error where there is one.
    pub fn challenge(&self, bearer_error: Option<&str>) -> String {
        let bearer = self.tokens.as_ref().map(|_| match bearer_error {
            Some(error) => format!("Bearer realm=\"orders\", error=\"{error}\""),
            None => "Bearer realm=\"orders\"".to_owned(),
        });
        let api_key = self.api_keys.as_ref();
        let api_key = api_key.map(|_| "ApiKey realm=\"orders\"".to_owned());
        let schemes: Vec<String> = bearer.into_iter().chain(api_key).collect();
        schemes.join(", ")
    }
}
