//! Configuration sections. Each is one file, reads the variables its fields name, and is shown by
//! `--help` with its defaults.

mod duration;
mod kafka;
mod listen;
mod mongodb;
mod outbox;
mod postgres;
mod secret;

pub use duration::duration;
pub use kafka::KafkaArgs;
pub use listen::{ListenArgs, listen_addr};
pub use mongodb::MongoArgs;
pub use outbox::OutboxArgs;
pub use postgres::PostgresArgs;
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
         commands. Listen on 127.0.0.1, or set ALLOW_NO_AUTH=true if something in front of it \
         authenticates callers"
    )]
    NoAuthentication { addr: std::net::SocketAddr },
}
