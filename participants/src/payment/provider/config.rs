use std::num::NonZeroU32;
use std::time::Duration;

use http::Uri;
use runtime::config::Secret;

/// Where the provider is and how patient callers are.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Such as `https://payments.example`, without what the calls add.
    pub url: String,
    pub api_key: Secret,
    /// For a whole call.
    pub time_out: Duration,
    /// So many in a row, and the provider is away.
    pub failures: NonZeroU32,
    /// How long nobody calls it then, before one call tries.
    pub probe_after: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum ProviderConfigError {
    #[error("{0:?} is no address of a payment provider: write https://host or http://host:port")]
    Url(String),
    /// Without the key itself.
    #[error("the payment provider's API key cannot be sent in a header")]
    ApiKey,
    #[error("the system's root certificates cannot be used: {0}")]
    Roots(std::io::Error),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

impl ProviderConfig {
    const FAILURES: NonZeroU32 = NonZeroU32::new(5).unwrap();

    pub fn new(url: impl Into<String>, api_key: Secret) -> Self {
        Self {
            url: url.into(),
            api_key,
            time_out: Duration::from_secs(5),
            failures: Self::FAILURES,
            probe_after: Duration::from_secs(2),
        }
    }

    /// Without a slash at the end.
    pub(super) fn base(&self) -> Result<(String, bool), ProviderConfigError> {
        let wrong = || ProviderConfigError::Url(self.url.clone());
        let uri: Uri = self.url.parse().map_err(|_| wrong())?;
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let credentials = uri.authority().is_some_and(|a| a.as_str().contains('@'));
        if credentials || uri.query().is_some() {
            return Err(wrong());
        }
        Ok((self.url.trim_end_matches('/').to_owned(), encrypted))
    }
}
