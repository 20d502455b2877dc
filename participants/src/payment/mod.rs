//! Payments, at a provider that is reached over HTTP and answers by webhook.

mod asking;
mod hearing;
mod payments;
pub mod provider;
mod recent;
mod rules;
pub mod webhooks;

use sqlx::migrate::Migrator;

pub use asking::Asking;
pub use hearing::Hearing;
pub use payments::{NotNoted, Payments};
pub use rules::PaymentRules;

/// The Postgres schema that is payment's.
pub const SCHEMA: &str = "payment";

/// Its tables, beside those of every event store.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/payment");
