use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// Where new ids come from: orders, commands, requests.
pub trait Ids: Send + Sync {
    fn next(&self) -> Uuid;
}

/// UUIDv7: unique, and ordered by creation time, so that indexes grow at one end.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeOrderedIds;

impl Ids for TimeOrderedIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where ids are injected from"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// 1, 2, 3 … as UUIDs; for tests.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl Ids for SequentialIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}
