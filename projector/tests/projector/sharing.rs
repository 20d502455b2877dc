use std::time::Duration;

use projector::Step;

use crate::fixture::{Fixture, drain};
use crate::steps;

#[tokio::test]
async fn workers_on_the_same_documents_lose_nothing_to_each_other() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(fixture.order(3).await);
    }
    fixture.publish(&fixture.take_outbox().await).await;
    // Two groups: both fold every record, at the same time, so that each meets the other's writes
    // between its read and its own.
    let groups = [fixture.another_group().await, fixture.another_group().await];
    let mut workers = [fixture.worker_of(&groups[0]), fixture.worker_of(&groups[1])];
    let [one, two] = &mut workers;
    let (one, two) = tokio::join!(drain(one, 90), drain(two, 90));
    assert!(one.applied + two.applied >= 90);
    fixture.assert_equal_to_store(&ids).await;
}

#[tokio::test]
async fn workers_that_come_and_go_leave_nothing_out() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    let mut workers = Vec::new();
    for round in 0..6_u64 {
        for events in [1, 2, 3] {
            ids.push(fixture.order(events).await);
        }
        fixture.publish(&fixture.take_outbox().await).await;
        workers.push(fixture.worker());
        for worker in &mut workers {
            // Cut off somewhere between the poll and the stored offset.
            let life = Duration::from_millis(7 * round + 3);
            if let Ok(step) = tokio::time::timeout(life, worker.step(life)).await {
                step.unwrap();
            }
        }
        if round % 2 == 1 {
            // Dies without committing.
            drop(workers.remove(0));
        }
    }
    drop(workers);
    let mut last = fixture.worker();
    let progress = steps::progress(&fixture.kafka, &fixture.generation.group, &fixture.topic);
    steps::catch_up(&progress, async || {
        last.step(steps::A_LOOK).await.unwrap() != Step::Idle
    })
    .await;
    fixture.assert_equal_to_store(&ids).await;
}
