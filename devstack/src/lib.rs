//! A real Postgres, Kafka and MongoDB for development and for tests, and a mail catcher.
//!
//! Each server comes from the first of these that applies:
//!
//! 1. the environment: `DATABASE_URL`, `KAFKA_BROKERS`, `MONGODB_URI`, `SMTP_URL` name a
//!    running one;
//! 2. `docker compose`, where an engine answers and a `docker-compose.yml` lies in the
//!    current folder or above it;
//! 3. a native process on this machine. It ends with the process that started it, however
//!    that one ends, unless it was started detached.
//!
//! [`Stack`] is for development; [`shared_postgres`] and its siblings give a test process
//! one server of each kind, [`private_postgres`] and its siblings one of a test's own,
//! always native, so that it can be killed, paused and started again.

mod cache;
mod command;
mod compose;
mod control;
mod error;
mod home;
mod kafka;
mod kind;
mod launch;
mod mail_catcher;
mod mongodb;
mod ports;
mod postgres;
mod process;
mod process_table;
mod progress;
mod server;
mod source;
mod stack;
mod state;
mod testing;

pub use control::{reset, status, stop};
pub use error::DevstackError;
pub use kafka::{Kafka, console_consumer, console_producer, kafka_lib};
pub use mail_catcher::{CaughtMail, MailCatcher};
pub use mongodb::MongoDb;
pub use ports::reserved_port;
pub use postgres::Postgres;
pub use server::Server;
pub use stack::{DevOptions, Stack};
pub use state::{ProcessStatus, ServerStatus, Status};
pub use testing::{
    private_kafka, private_mail_catcher, private_mongodb, private_postgres, shared_kafka,
    shared_mail_catcher, shared_mongodb, shared_postgres,
};
