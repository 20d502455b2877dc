mod pace;
mod send;

use std::time::Duration;

use event_store::EventStoreError;
use event_store::replay::{
    ReplayItem, ReplayLog, ReplayPage, ReplayPosition, ReplayTally, Replayable, Replays, Selection,
};
use messaging::{Kafka, MessagingError};
use runtime::Backoff;

use pace::Pace;
use send::{Sender, Sent};

/// Publishes what was published, once more: stream by stream, each in order.
///
/// It can be ended at any moment, and goes on behind the last event that was acknowledged and
/// noted down; what was on the way comes again.
pub struct Replay {
    log: ReplayLog,
    replays: Replays,
    selection: Selection,
    position: ReplayPosition,
    sender: Sender,
    pace: Pace,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Store(#[from] EventStoreError),
    #[error(transparent)]
    Kafka(#[from] MessagingError),
    #[error("another process has taken up the same replay")]
    Overtaken,
}

impl Replay {
    /// Goes on with a replay of the same selection to the same topic, or begins one. `rate`:
    /// events a second.
    pub async fn begin(
        log: ReplayLog,
        replays: Replays,
        kafka: Kafka,
        selection: Selection,
        topic: String,
        rate: Option<u32>,
    ) -> Result<Self, ReplayError> {
        let position = replays.begin(&selection, &topic).await?;
        Ok(Self {
            log,
            replays,
            selection,
            position,
            sender: Sender::new(&kafka, topic),
            pace: Pace::new(rate),
        })
    }

    pub fn tally(&self) -> ReplayTally {
        self.position.tally
    }

    /// How many rows are left to be looked at, where they can be counted.
    pub async fn left(&self) -> Result<Option<u64>, ReplayError> {
        let (id, version) = &self.position.after;
        Ok(self.log.count(&self.selection, (id, *version)).await?)
    }

    /// Replays the next rows of the log; false when there are none, and the replay has ended.
    /// While Postgres or the broker is away it waits.
    pub async fn step(&mut self, progress: impl Fn(&ReplayTally)) -> Result<bool, ReplayError> {
        let after = self.position.after.clone();
        let page = patiently(|| {
            let after = (after.0.as_str(), after.1);
            self.log.page(&self.selection, self.sender.topic(), after)
        });
        let Some(ReplayPage { items, read, end }) = page.await? else {
            patiently(|| self.replays.end(&self.position)).await?;
            return Ok(false);
        };
        for items in items.chunks(self.pace.records()) {
            self.pace.wait(items.len()).await;
            let mut next = self.replay(items).await?;
            if let Some(last) = items.last() {
                next.after = (last.aggregate_id.clone(), last.version);
            }
            self.advance(next).await?;
            progress(&self.position.tally);
        }
        let mut next = self.position.clone();
        next.after = end;
        next.tally.read += read;
        self.advance(next).await?;
        progress(&self.position.tally);
        Ok(true)
    }

    async fn advance(&mut self, to: ReplayPosition) -> Result<(), ReplayError> {
        if !patiently(|| self.replays.advance(&to)).await? {
            return Err(ReplayError::Overtaken);
        }
        self.position = to;
        Ok(())
    }

    async fn replay(&mut self, items: &[ReplayItem]) -> Result<ReplayPosition, ReplayError> {
        let mut position = self.position.clone();
        // Faults are met in the log's order, so that the last one is what the position is stuck at.
        for run in items.chunk_by(|_, next| !matches!(next.what, Replayable::Unreadable(_))) {
            let mut records = Vec::with_capacity(run.len());
            for item in run {
                if let Some(record) = position.take(item) {
                    records.push((item, record));
                }
            }
            let sent = self.sender.send(&records).await?;
            for ((item, _), sent) in records.iter().zip(sent) {
                match sent {
                    Sent::Acknowledged => position.tally.published += 1,
                    Sent::Refused(reason) => position.stick(item, &reason),
                    Sent::Behind => position.tally.behind += 1,
                }
            }
        }
        Ok(position)
    }
}

/// What a replay would do now, page by page, with nothing published and nothing noted down.
pub async fn rehearse(
    log: &ReplayLog,
    selection: &Selection,
    topic: &str,
    progress: impl Fn(&ReplayTally),
) -> Result<ReplayTally, ReplayError> {
    let mut position = ReplayPosition::default();
    loop {
        let (id, version) = &position.after;
        let Some(page) = log.page(selection, topic, (id, *version)).await? else {
            return Ok(position.tally);
        };
        for item in &page.items {
            position.tally.published += u64::from(position.take(item).is_some());
        }
        position.after = page.end;
        position.tally.read += page.read;
        progress(&position.tally);
    }
}

/// Asks until Postgres answers.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, EventStoreError>
where
    F: Future<Output = Result<T, EventStoreError>>,
{
    let mut again = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        match ask().await {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "the replay waits");
                tokio::time::sleep(again.wait()).await;
            }
            answer => return answer,
        }
    }
}
