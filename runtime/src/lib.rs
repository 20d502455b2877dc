//! What every process needs, whatever it is there for.

pub mod auth;
mod backoff;
mod clock;
pub mod config;
pub mod health;
pub mod http;
mod ids;
mod shutdown;
pub mod telemetry;

pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, SystemClock};
pub use ids::{Ids, SequentialIds, TimeOrderedIds};
pub use shutdown::{GRACE, on_signal};
