use std::path::PathBuf;

use super::{ConfigError, Secret};

/// The read models' database.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "MongoDB")]
pub struct MongoArgs {
    /// mongodb://user:password@host:port/?replicaSet=…
    #[arg(long, env = "MONGODB_URI", hide_env_values = true, value_name = "URI")]
    mongodb_uri: Option<Secret>,

    /// A file that holds the URI, instead
    #[arg(long, env = "MONGODB_URI_FILE", value_name = "PATH")]
    mongodb_uri_file: Option<PathBuf>,

    /// The database that holds the read models
    #[arg(
        long,
        env = "MONGODB_DATABASE",
        default_value = "orders",
        value_name = "NAME"
    )]
    pub mongodb_database: String,
}

impl MongoArgs {
    pub fn new(uri: Secret, database: impl Into<String>) -> Self {
        Self {
            mongodb_uri: Some(uri),
            mongodb_uri_file: None,
            mongodb_database: database.into(),
        }
    }

    pub fn uri(&self) -> Result<Secret, ConfigError> {
        Secret::resolve(
            "MONGODB_URI",
            self.mongodb_uri.as_ref(),
            self.mongodb_uri_file.as_deref(),
        )
    }
}
