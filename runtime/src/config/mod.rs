//! Configuration sections. Each is one file, reads the variables its fields name, and is shown by
//! `--help` with its defaults.

mod auth;
mod duration;
mod http;
mod kafka;
mod limits;
mod listen;
mod mongodb;
mod outbox;
mod postgres;
mod saga;
mod secret;

pub use auth::AuthArgs;
pub use duration::duration;
pub use http::HttpArgs;
pub use kafka::KafkaArgs;
pub use limits::LimitArgs;
pub use listen::{ListenArgs, listen_addr};
pub use mongodb::MongoArgs;
pub use outbox::OutboxArgs;
pub use postgres::PostgresArgs;
pub use saga::{SagaTopics, dead_letter_topic};
pub use secret::Secret;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("set {name}, or {name}_FILE to the path of a file that holds it")]
    Missing { name: &'static str },
    #[error("{name} and {name}_FILE are both set: which one is meant?")]
    Twice { name: &'static str },
    #[error("{name}_FILE names {path}, which cannot be read: {source}")]
    File {
        name: &'static str,
        path: String,
        source: std::io::Error,
    },
    #[error(
        "refusing to listen on {addr} without authentication: anyone who reaches it could give \
         commands. Configure JWT_JWKS_URL or API_KEYS_FILE, listen on 127.0.0.1, or set \
         ALLOW_NO_AUTH=true if something in front of it authenticates callers"
    )]
    NoAuthentication { addr: std::net::SocketAddr },
    #[error("JWT_JWKS_URL and JWT_JWKS_FILE are both set: which one is meant?")]
    TwoKeyPlaces,
    #[error(
        "tokens need JWT_ISSUER, JWT_AUDIENCE, and JWT_JWKS_URL or JWT_JWKS_FILE: set all or none"
    )]
    TokensIncomplete,
    #[error(transparent)]
    Auth(#[from] crate::auth::AuthError),
    #[error(transparent)]
    Tls(#[from] crate::http::TlsError),
}
