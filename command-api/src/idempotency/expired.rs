use std::time::Duration;

use event_store::IdempotencyKeys;
use tokio_util::sync::CancellationToken;

/// Rows a statement deletes: it takes some milliseconds.
const PAGE: u64 = 500;
const BETWEEN_PAGES: Duration = Duration::from_millis(50);
const EVERY: Duration = Duration::from_secs(60 * 60);
const AFTER_A_FAULT: Duration = Duration::from_secs(60);

/// Deletes answers whose time is over, every hour. They count as absent before that: this only
/// gives their room back. Processes that do it at once share the work.
pub async fn delete_expired_keys(keys: IdempotencyKeys, first: Duration, stop: CancellationToken) {
    let mut wait = first;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = match keys.delete_expired(PAGE as i64).await {
            Ok(deleted) => {
                metrics::counter!("idempotency_keys_deleted_total").increment(deleted);
                if deleted < PAGE { EVERY } else { BETWEEN_PAGES }
            }
            Err(error) => {
                tracing::warn!(%error, "expired idempotency keys are not deleted");
                AFTER_A_FAULT
            }
        };
    }
}
