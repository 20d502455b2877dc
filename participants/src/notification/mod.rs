//! Mails to the customers.

pub mod mail;
mod rules;
pub mod smtp;
mod telling;

use sqlx::migrate::Migrator;

pub use rules::NotificationRules;
pub use telling::Telling;

/// The Postgres schema that is notification's.
pub const SCHEMA: &str = "notification";

/// Its tables, beside those of every event store.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/notification");
