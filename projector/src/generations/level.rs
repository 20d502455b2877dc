use std::collections::HashMap;
use std::time::Duration;

use messaging::Kafka;
use tokio::time::Instant;

use crate::{ProjectorError, Source};

const LOOK: Duration = Duration::from_millis(300);

/// How many records a group has still to take in, up to these ends.
async fn behind(
    kafka: &Kafka,
    source: &Source,
    ends: &HashMap<i32, i64>,
) -> Result<i64, ProjectorError> {
    let committed = kafka.committed_offsets(&source.group, &source.topic.name);
    let committed = committed.await?;
    let left = |(partition, end): (&i32, &i64)| {
        let done = committed.get(partition).copied().unwrap_or_default();
        (end - done).max(0)
    };
    Ok(ends.iter().map(left).sum())
}

/// Waits until the groups have taken in what is on their topics now; false if they have not within
/// `patience`. Says from time to time how much is left.
pub(super) async fn wait_until_level(
    kafka: &Kafka,
    sources: &[Source],
    patience: Option<Duration>,
    say: impl Fn(i64),
) -> Result<bool, ProjectorError> {
    let mut ends = Vec::with_capacity(sources.len());
    for source in sources {
        ends.push((source, kafka.ends(&source.topic.name).await?));
    }
    let started = Instant::now();
    loop {
        let mut left = 0;
        for (source, ends) in &ends {
            left += behind(kafka, source, ends).await?;
        }
        say(left);
        if left == 0 {
            return Ok(true);
        }
        if patience.is_some_and(|patience| started.elapsed() > patience) {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}
