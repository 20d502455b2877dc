use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{ConfigError, duration};
use crate::Clock;
use crate::auth::{ApiKeys, AuthError, Authentication, KeyPlace, KeySource, TokenRules, Tokens};

/// How callers are authenticated; without any of these they are not.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Authentication")]
pub struct AuthArgs {
    /// Where the token issuer's keys are: https, or http on this machine
    #[arg(long, env = "JWT_JWKS_URL", value_name = "URL", value_parser = jwks_url)]
    pub jwt_jwks_url: Option<http::Uri>,

    /// A file that holds the issuer's keys, instead
    #[arg(long, env = "JWT_JWKS_FILE", value_name = "PATH")]
    pub jwt_jwks_file: Option<PathBuf>,

    /// What tokens must have as `iss`
    #[arg(long, env = "JWT_ISSUER", value_name = "TEXT")]
    pub jwt_issuer: Option<String>,

    /// What tokens must have in `aud`
    #[arg(long, env = "JWT_AUDIENCE", value_name = "TEXT")]
    pub jwt_audience: Option<String>,

    /// How far the issuer's clock may be from this one [default: 30s]
    #[arg(long, env = "JWT_LEEWAY", value_name = "TIME", value_parser = duration)]
    pub jwt_leeway: Option<Duration>,

    /// A JSON file of API keys: name, sha256, scopes, and customerId where a key is one customer's
    #[arg(long, env = "API_KEYS_FILE", value_name = "PATH")]
    pub api_keys_file: Option<PathBuf>,

    /// Listen on other addresses than loopback although callers are not authenticated
    #[arg(long, env = "ALLOW_NO_AUTH", value_name = "BOOL", num_args = 0..=1,
          default_value_t = false, default_missing_value = "true")]
    pub allow_no_auth: bool,
}

impl AuthArgs {
    pub fn is_on(&self) -> bool {
        let keys = self.jwt_jwks_url.is_some() || self.jwt_jwks_file.is_some();
        keys || self.api_keys_file.is_some()
    }

    pub fn authentication(&self, clock: Arc<dyn Clock>) -> Result<Authentication, ConfigError> {
        let tokens = self.tokens(clock)?.map(Arc::new);
        let api_keys = self.api_keys_file.as_deref().map(ApiKeys::read);
        let api_keys = api_keys.transpose().map_err(AuthError::from)?;
        Ok(Authentication {
            tokens,
            api_keys: api_keys.map(Arc::new),
        })
    }

    /// Of the settings for tokens either none is there or all that are needed: a slip must not
    /// leave an API open.
    fn tokens(&self, clock: Arc<dyn Clock>) -> Result<Option<Tokens>, ConfigError> {
        let place = match (&self.jwt_jwks_url, &self.jwt_jwks_file) {
            (Some(_), Some(_)) => return Err(ConfigError::TwoKeyPlaces),
            (Some(url), None) => KeyPlace::Url(url.clone()),
            (None, Some(path)) => KeyPlace::File(path.clone()),
            (None, None) if self.jwt_issuer.is_none() && self.jwt_audience.is_none() => {
                return Ok(None);
            }
            (None, None) => return Err(ConfigError::TokensIncomplete),
        };
        let (Some(issuer), Some(audience)) = (&self.jwt_issuer, &self.jwt_audience) else {
            return Err(ConfigError::TokensIncomplete);
        };
        let rules = TokenRules {
            issuer: issuer.clone(),
            audience: audience.clone(),
            leeway: self.jwt_leeway.unwrap_or(Duration::from_secs(30)),
        };
        let keys = KeySource::new(place).map_err(AuthError::from)?;
        Ok(Some(Tokens::new(keys, rules, clock)))
    }
}

/// Whoever could change the keys on their way could sign tokens.
fn jwks_url(text: &str) -> Result<http::Uri, String> {
    let url: http::Uri = text.parse().map_err(|_| "is no URL".to_owned())?;
    let local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if local => Ok(url),
        _ => Err("must be https, or http on this machine".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_a_place_that_proves_who_it_is() {
        for good in [
            "https://issuer.example/jwks",
            "http://127.0.0.1:9/jwks",
            "http://[::1]/x",
        ] {
            assert!(jwks_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://issuer.example/jwks",
            "http://localhost.example/",
            "/jwks",
            "ftp://x",
            "",
        ] {
            assert!(jwks_url(bad).is_err(), "{bad}");
        }
    }
}
