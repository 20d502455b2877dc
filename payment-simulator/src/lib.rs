//! A payment provider for development and tests: an API, a durable ledger, and signed webhooks.
//!
//! It is somebody else's service, and shares no code with the one that calls it but the domain's
//! money. What it has answered is on the disk; what it tells by webhook follows from what is there.

mod api;
mod config;
mod intent;
mod journal;
mod ledger;
mod progress;
mod record;
mod rule;
mod simulator;
mod webhooks;

pub use api::ACCESS;
pub use config::SimulatorConfig;
pub use journal::JournalError;
pub use rule::RULES;
pub use simulator::{Simulator, SimulatorError};
pub use webhooks::SigningError;

/// The port it listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8089;
