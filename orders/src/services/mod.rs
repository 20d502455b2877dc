//! The services, each alone in a process of its own or beside the others in one.

pub mod all;
pub mod command_api;
pub mod projector;
pub mod query_api;
pub mod relay;
pub mod saga;

use std::time::Duration;

use runtime::Backoff;
use runtime::health::Check;
use tokio_util::sync::CancellationToken;

/// Tries until it works or the process is told to stop (`None`). Meant for what a start needs from
/// servers that may still be starting themselves.
async fn patiently<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    check: &Check,
    stop: &CancellationToken,
    attempt: impl Fn() -> F,
) -> Option<T> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        tokio::select! {
            () = stop.cancelled() => return None,
            outcome = attempt() => match outcome {
                Ok(value) => return Some(value),
                Err(error) => check.away(error),
            }
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(backoff.wait()) => {}
        }
    }
}
