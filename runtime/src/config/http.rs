use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderValue;

use super::{AuthArgs, ConfigError};
use crate::http::Tls;

/// How the APIs meet their callers.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpArgs {
    /// The most connections that an API keeps open; one more is closed at once
    #[arg(
        long,
        env = "MAX_CONNECTIONS",
        default_value_t = HttpArgs::default().max_connections,
        value_name = "N"
    )]
    pub max_connections: usize,

    /// A PEM file of the certificate to serve TLS with, and of those that lead to its root
    #[arg(
        long,
        env = "TLS_CERT_FILE",
        value_name = "PATH",
        requires = "tls_key_file"
    )]
    pub tls_cert_file: Option<PathBuf>,

    /// A PEM file of the certificate's key
    #[arg(
        long,
        env = "TLS_KEY_FILE",
        value_name = "PATH",
        requires = "tls_cert_file"
    )]
    pub tls_key_file: Option<PathBuf>,

    /// The origins whose pages may call, such as https://shop.example, separated by commas
    #[arg(long, env = "CORS_ALLOWED_ORIGINS", value_name = "ORIGINS",
          value_delimiter = ',', value_parser = origin)]
    pub cors_allowed_origins: Vec<HeaderValue>,

    #[command(flatten)]
    pub auth: AuthArgs,
}

impl HttpArgs {
    pub fn tls(&self) -> Result<Option<Arc<Tls>>, ConfigError> {
        match (&self.tls_cert_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => Ok(Some(Arc::new(Tls::read(certificate, key)?))),
            _ => Ok(None),
        }
    }
}

impl Default for HttpArgs {
    fn default() -> Self {
        Self {
            max_connections: 12_000,
            tls_cert_file: None,
            tls_key_file: None,
            cors_allowed_origins: Vec::new(),
            auth: AuthArgs::default(),
        }
    }
}

/// As browsers write it: scheme and authority, nothing behind.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || "is no origin: write https://shop.example".to_owned();
    let (scheme, authority) = text.split_once("://").ok_or_else(wrong)?;
    let plain = authority.parse::<http::uri::Authority>().is_ok() && !authority.contains('@');
    if !["http", "https"].contains(&scheme) || !plain || authority.contains('*') {
        return Err(wrong());
    }
    HeaderValue::from_str(text).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_an_authority() {
        for good in ["https://shop.example", "http://localhost:3000"] {
            assert_eq!(origin(good).unwrap(), good);
        }
        for bad in [
            "*",
            "null",
            "shop.example",
            "https://shop.example/",
            "https://*.example",
            "ftp://x",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
