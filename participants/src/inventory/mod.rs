//! Stock, for the orders of all stores.

mod api;
mod reactor;
mod stocks;

pub use api::{ACCESS, DEFAULT_PORT, InventoryApi, router};
pub use reactor::InventoryReactor;
pub use stocks::{CountError, Stocks};

use sqlx::migrate::Migrator;

/// The Postgres schema that is inventory's.
pub const SCHEMA: &str = "inventory";

/// Its tables, beside those of every event store.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/inventory");
