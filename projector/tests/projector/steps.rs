use std::time::Duration;

use messaging::{GroupProgress, Kafka};
use projector::{Step, Worker};

use crate::fixture::{Fixture, PARTITIONS};

const PATIENCE: Duration = Duration::from_secs(20);
/// A group may have to wait for members that were killed.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(30);
/// How long a step waits for records while somebody catches up.
pub const A_LOOK: Duration = Duration::from_millis(200);

/// How far a group has come with a topic of the tests.
pub fn progress(kafka: &Kafka, group: &str, topic: &str) -> GroupProgress {
    kafka.group_progress(group, topic, PARTITIONS).unwrap()
}

/// Steps until the group has committed everything that is on the topic. A step says whether it did
/// something.
pub async fn catch_up(progress: &GroupProgress, mut step: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    loop {
        let (ends, committed) = (progress.ends().await.unwrap(), progress.committed().await);
        let committed = committed.unwrap();
        let reached = |(partition, end): (&i32, &i64)| committed.get(partition) >= Some(end);
        if ends.iter().all(reached) {
            return;
        }
        while step().await {}
        assert!(
            started.elapsed() < CAUGHT_UP_WITHIN,
            "{committed:?} of {ends:?}"
        );
    }
}

/// Ends as a process does that is told to stop: with what is under way settled and committed.
pub async fn end(fixture: &Fixture, worker: Worker) {
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    worker.run(fixture.health.check("projector"), stop).await;
}

/// Steps until the worker has applied, repeated, held or refused this many records; returns the
/// sums.
pub async fn drain(worker: &mut Worker, records: u64) -> Counted {
    let started = std::time::Instant::now();
    let mut counted = Counted::default();
    while counted.applied + counted.repeated + counted.held + counted.refused < records {
        assert!(started.elapsed() < PATIENCE, "{counted:?} of {records}");
        match worker.step(Duration::from_millis(200)).await.unwrap() {
            Step::Idle => {}
            Step::Applied { counts, refused } => {
                counted.applied += counts.applied;
                counted.repeated += counts.repeated;
                counted.healed += counts.healed;
                counted.held += counts.held;
                counted.refused += refused;
            }
        }
    }
    counted
}

#[derive(Debug, Default)]
pub struct Counted {
    pub applied: u64,
    pub repeated: u64,
    pub healed: u64,
    pub held: u64,
    pub refused: u64,
}
