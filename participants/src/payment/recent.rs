use std::sync::Arc;
use std::time::Duration;

use domain::payment::Payment;
use event_store::Current;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::Mutex;

/// More than are under way at any time. Those that are done stay until there is no room for them.
const MOST: u64 = 10_000;
/// A provider that has said nothing of one for so long may say more, but not soon.
const LONGEST: Duration = Duration::from_secs(60);

/// Payments as this process has last read or written them: a provider says several things of each
/// in a moment, and every one would be read for.
///
/// Others write too, so that what is here may be old. Whoever decides on it appends at its version,
/// and is told.
#[derive(Clone)]
pub(super) struct Recent(Cache<String, Seat>);

/// Held while something is noted: what is said of one payment is noted one after the other.
pub(super) type Seat = Arc<Mutex<Option<Current<Payment>>>>;

impl Default for Recent {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(MOST)
            // However often one that is done was asked for, the newest are those that will be.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(LONGEST);
        Self(cache.build())
    }
}

impl Recent {
    pub fn seat(&self, order_id: &str) -> Seat {
        self.0.get_with_by_ref(order_id, Seat::default)
    }

    /// Whoever holds its seat goes on with what it has, and is told when it appends.
    pub fn forget(&self, order_id: &str) {
        self.0.invalidate(order_id);
    }
}
