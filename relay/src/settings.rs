use std::time::Duration;

use event_store::Retries;

/// How a relay works. [`Default`] is what a production relay uses.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a slot stays with a relay that says nothing any more. Renewed four times as often.
    pub lease: Duration,
    /// Of records that Kafka refuses.
    pub retries: Retries,
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
            retention: seconds(7 * 24 * 60 * 60),
        }
    }
}
