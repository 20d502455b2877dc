use std::sync::atomic::{AtomicU32, Ordering};

use rdkafka::Statistics;
use tokio::sync::watch;

/// So many statistics in a row without a broker: one may be taken between two lists of them.
const TWICE: u32 = 2;

/// Whether a client still knows a broker.
///
/// librdkafka can lose all of them for good: a broker that has just come up names none in its
/// metadata; the client drops those it knew, schedules to start over from `bootstrap.servers`, and
/// by a race cancels that again (<https://github.com/confluentinc/librdkafka/issues/5301>). Such a
/// client waits for ever, without an error. Only another one helps.
#[derive(Default)]
pub(crate) struct BrokersKnown {
    without: AtomicU32,
    lost: watch::Sender<bool>,
}

/// Why a client that knows none is of no further use.
pub(crate) const NONE_KNOWN: &str = "the client knows no broker any more";

impl BrokersKnown {
    pub fn learn(&self, statistics: &Statistics) {
        // Those of its own making, and the names that coordinators go by, lead nowhere.
        let known = |source: &str| matches!(source, "learned" | "configured");
        if statistics.brokers.values().any(|b| known(&b.source)) {
            self.without.store(0, Ordering::Relaxed);
        } else if self.without.fetch_add(1, Ordering::Relaxed) + 1 >= TWICE {
            self.lost.send_replace(true);
        }
    }

    pub fn are_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Ends when no broker is known for certain.
    pub async fn lost(&self) {
        // The sender lives as long as this.
        let _ = self.lost.subscribe().wait_for(|lost| *lost).await;
    }
}
