use std::path::PathBuf;

use super::{ConfigError, Secret};

/// The event store's database.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct PostgresArgs {
    /// postgres://user:password@host:port/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<Secret>,

    /// A file that holds the URL, instead
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "PATH")]
    database_url_file: Option<PathBuf>,

    /// The most connections this process opens for appending, for relaying and for loading, each
    #[arg(
        long,
        env = "DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_name = "N"
    )]
    pub database_connections: u32,
}

impl PostgresArgs {
    pub fn new(url: Secret, database_connections: u32) -> Self {
        Self {
            database_url: Some(url),
            database_url_file: None,
            database_connections,
        }
    }

    pub fn url(&self) -> Result<Secret, ConfigError> {
        Secret::resolve(
            "DATABASE_URL",
            self.database_url.as_ref(),
            self.database_url_file.as_deref(),
        )
    }
}
