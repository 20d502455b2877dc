//! Everything delivered twice in random batches, to workers that are killed between any two of
//! their writes and that share customers: what is left are folds over the store.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use projector::Step;
use read_models::Generation;

use crate::fixture::{Fixture, end};
use crate::{event_log, steps, totals};

const PATIENCE: Duration = Duration::from_millis(300);

/// Numbers that look like chance and come again with the same seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Runs a future until it ends, or until it has waited so many times: for an answer, or for a command
/// to be on its way. It is left between two questions.
async fn until_killed<T>(future: impl Future<Output = T>, mut waits: u64) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if waits == 0 => Poll::Ready(None),
        Poll::Pending => {
            waits -= 1;
            Poll::Pending
        }
    })
    .await
}

/// A worker of the group that lives for some steps, in the last of which it is killed.
async fn one_life(fixture: &Fixture, group: &Generation, mut chance: Chance) {
    let mut worker = fixture.worker_of(group);
    for _ in 0..chance.below(4) {
        worker.step(PATIENCE).await.unwrap();
    }
    let killed = until_killed(worker.step(PATIENCE), chance.below(30)).await;
    assert!(killed.is_none_or(|step| step.is_ok()));
}

async fn one_logging_life(fixture: &Fixture, group: &Generation, mut chance: Chance) {
    let mut worker = event_log::worker(fixture, group);
    let killed = until_killed(worker.step(PATIENCE), chance.below(20)).await;
    assert!(killed.is_none_or(|step| step.is_ok()));
}

async fn catch_up(fixture: &Fixture, group: &Generation) {
    let mut worker = fixture.worker_of(group);
    let progress = steps::progress(&fixture.kafka, &group.group, &fixture.topic);
    steps::catch_up(&progress, async || {
        worker.step(steps::A_LOOK).await.unwrap() != Step::Idle
    })
    .await;
    end(fixture, worker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_read_models_equal_a_fold_over_the_store() {
    let fixture = Fixture::new().await;
    let ids = totals::some_orders(&fixture, 60).await;
    let log = event_log::generation(&fixture).await;
    // Each reads all records, so that both write the same documents and totals all the time.
    let groups = [fixture.generation.clone(), fixture.another_group().await];
    let records = fixture.take_outbox().await;
    let mut chance = Chance(0x5eed);
    let (mut first, mut second) = (0, 0);
    while second < records.len() {
        // The second delivery follows somewhere behind the first.
        let more = 1 + chance.below(40) as usize;
        let to = records.len().min(first + more);
        fixture.publish(&records[first..to]).await;
        first = to;
        let to = first.min(second + chance.below(60) as usize);
        fixture.publish(&records[second..to]).await;
        second = to;
        let mut lives = || Chance(chance.below(u64::MAX) | 1);
        tokio::join!(
            one_life(&fixture, &groups[0], lives()),
            one_life(&fixture, &groups[1], lives()),
            one_logging_life(&fixture, &log, lives()),
        );
    }
    tokio::join!(
        catch_up(&fixture, &groups[0]),
        catch_up(&fixture, &groups[1]),
        event_log::catch_up(&fixture, &log),
    );
    fixture.assert_equal_to_store(&ids).await;
    totals::assert_equal_to_store(&fixture, &ids).await;
    let logged = event_log::log(&fixture, &log).await;
    assert_eq!(logged.len(), 2 * records.len());
    event_log::assert_equal_to_topic(&fixture, &logged).await;
}

/// The first commands of a large batch go out while the rest of it is folded: a step is cut off with
/// some of them written, some under way, and some not there yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_batch_takes_effect_once_wherever_its_steps_are_cut_off() {
    const ORDERS: u64 = 600;
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for _ in 0..ORDERS {
        ids.push(fixture.order(1).await);
    }
    fixture.relay().await;
    let mut worker = fixture.worker();
    let deadline = Instant::now() + Duration::from_secs(60);
    let (mut effective, mut cut, mut waits) = (0, 0, 0);
    while effective < ORDERS {
        assert!(Instant::now() < deadline, "{effective} after {waits} waits");
        match until_killed(worker.step(PATIENCE), waits).await {
            Some(Ok(Step::Applied { counts, .. })) => {
                effective += counts.applied + counts.repeated;
                waits = 0;
            }
            Some(Ok(Step::Idle)) => {}
            Some(Err(error)) => panic!("{error}"),
            None => {
                cut += 1;
                waits += 1;
            }
        }
    }
    assert!(cut > 0);
    assert_eq!(effective, ORDERS);
    fixture.assert_equal_to_store(&ids).await;
}
