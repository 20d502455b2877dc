use std::path::PathBuf;
use std::time::Duration;

use lettre::transport::smtp::client::Certificate;
use runtime::config::{ConfigError, Secret, duration};

use super::server::Server;

/// The mail server.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Mail server")]
pub struct SmtpArgs {
    /// smtps://user:password@host:port, smtp://…?tls=required for STARTTLS, smtp://host:port; a
    /// path is the name this machine gives itself
    #[arg(long, env = "SMTP_URL", hide_env_values = true, value_name = "URL")]
    smtp_url: Option<Secret>,

    /// A file that holds the URL, instead
    #[arg(long, env = "SMTP_URL_FILE", value_name = "PATH")]
    smtp_url_file: Option<PathBuf>,

    /// A file with the certificate (PEM) of an authority of your own, beside those of the system
    #[arg(long, env = "SMTP_CA_FILE", value_name = "PATH")]
    pub smtp_ca_file: Option<PathBuf>,

    /// The most mails that are handed over at the same time
    #[arg(
        long,
        env = "SMTP_CONNECTIONS",
        default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..),
        value_name = "N"
    )]
    pub smtp_connections: u16,

    /// How long handing over one mail may take, from the connection to the last answer
    #[arg(
        long,
        env = "SMTP_TIMEOUT",
        default_value = "30s",
        value_parser = duration,
        value_name = "DURATION"
    )]
    pub smtp_timeout: Duration,
}

/// What is wrong with these settings. The URL is never repeated.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("SMTP_URL is not a URL such as smtps://user:password@host:port")]
    NoUrl,
    #[error(
        "SMTP_URL has more than one can say there: the one parameter is `?tls=required`, \
         and the path is a host name"
    )]
    Parameter,
    #[error("SMTP_URL has a user without a password, or a password without a user")]
    HalfAnAccount,
    #[error("SMTP_URL would send its password unprotected: use smtps:// or `?tls=required`")]
    PasswordInTheClear,
    #[error("SMTP_CA_FILE is not a certificate in PEM: {0}")]
    Authority(String),
    #[error("the host in SMTP_URL cannot be spoken to over TLS")]
    Tls,
}

impl SmtpArgs {
    pub fn new(url: Secret, connections: u16, timeout: Duration) -> Self {
        Self {
            smtp_url: Some(url),
            smtp_url_file: None,
            smtp_ca_file: None,
            smtp_connections: connections,
            smtp_timeout: timeout,
        }
    }

    pub(super) fn server(&self) -> Result<Server, SmtpError> {
        let wrong = |text: &dyn ToString| SmtpError::Authority(text.to_string());
        let authority = match &self.smtp_ca_file {
            None => None,
            Some(file) => {
                let pem = std::fs::read(file).map_err(|error| wrong(&error))?;
                Some(Certificate::from_pem(&pem).map_err(|error| wrong(&error))?)
            }
        };
        Server::parse(self.url()?.expose(), authority)
    }

    /// The value itself, or the content of the file, without the line end.
    fn url(&self) -> Result<Secret, ConfigError> {
        const NAME: &str = "SMTP_URL";
        match (&self.smtp_url, &self.smtp_url_file) {
            (Some(_), Some(_)) => Err(ConfigError::Twice { name: NAME }),
            (Some(url), None) => Ok(url.clone()),
            (None, Some(path)) => std::fs::read_to_string(path)
                .map(|text| Secret::new(text.trim_end_matches(['\r', '\n'])))
                .map_err(|source| ConfigError::File {
                    name: NAME,
                    path: path.display().to_string(),
                    source,
                }),
            (None, None) => Err(ConfigError::Missing { name: NAME }),
        }
    }
}
