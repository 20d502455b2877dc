use std::time::Duration;

use event_store::{EventStoreError, Outbox};

use crate::leases::Leases;

/// Rows a statement looks at: it takes some milliseconds, and the relay is not kept waiting.
const PAGE: i64 = 1000;
/// The relay that holds this slot does it.
const DUTY_SLOT: i16 = 0;

/// Deletes what was published long ago.
pub struct Retention {
    outbox: Outbox,
    leases: Leases,
    keep: Duration,
    /// Where the run under way goes on.
    next: Option<i64>,
}

/// What a page of a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// Rows deleted so far are not all there are.
    More {
        deleted: u64,
    },
    Done {
        deleted: u64,
    },
}

impl Retention {
    pub(crate) fn new(outbox: Outbox, leases: Leases, keep: Duration) -> Self {
        Self {
            outbox,
            leases,
            keep,
            next: None,
        }
    }

    pub async fn turn(&mut self) -> Result<Cleaning, EventStoreError> {
        if self.leases.of(DUTY_SLOT).is_none() {
            return Ok(Cleaning::Done { deleted: 0 });
        }
        let after = self.next.unwrap_or(0);
        let cleaned = self.outbox.clean(after, self.keep, PAGE).await?;
        let deleted = cleaned.deleted;
        metrics::counter!("outbox_deleted_total").increment(deleted);
        self.next = cleaned.next;
        Ok(match cleaned.next {
            Some(_) => Cleaning::More { deleted },
            None => Cleaning::Done { deleted },
        })
    }
}
