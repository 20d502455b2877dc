use std::time::Duration;

use projector::{Step, Worker};

use crate::fixture::Fixture;

const PATIENCE: Duration = Duration::from_secs(20);

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
