use std::time::Duration;

use event_store::Retries;

/// How a relay works. [`Default`] is what a production relay uses.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a slot stays with a relay that says nothing any more. Renewed four times as often.
    pub lease: Duration,
    /// Of records that Kafka refuses.
    pub retries: Retries,
    /// What one look at the outbox, its batches and its marks cost Postgres, the broker and all who
    /// read the topic, in what a record more would cost them: about so many are gathered, where they
    /// come quickly enough, and none waits for longer than 40 ms. More are cheaper, and later.
    pub gather: u16,
    /// How long published rows are kept.
    pub retention: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            lease: seconds(6),
            retries: Retries {
                first: seconds(1),
                attempts: 4,
                failed: Some(seconds(30)),
            },
            gather: 6,
            retention: seconds(7 * 24 * 60 * 60),
        }
    }
}
