use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::measured::Measured;

#[derive(Clone, Copy)]
pub struct Load {
    /// Before it counts.
    pub warm_up: Duration,
    pub lasting: Duration,
}

/// Who calls again when the call before is answered.
pub trait Caller: Send + 'static {
    /// Makes the call of this number, out of those of all callers. Returns whether there was one.
    fn call(&mut self, number: usize) -> impl Future<Output = anyhow::Result<bool>> + Send;
}

/// Lets them call until the time is over, or until no call is left: what is measured ends with the
/// last answer. Returns the callers, too.
pub async fn run<C: Caller>(callers: Vec<C>, load: Load) -> anyhow::Result<(Measured, Vec<C>)> {
    let start = Instant::now() + load.warm_up;
    let next = Arc::new(AtomicUsize::new(0));
    let mut calling = JoinSet::new();
    for caller in callers {
        calling.spawn(call(caller, next.clone(), start, start + load.lasting));
    }
    tokio::time::sleep_until(start).await;
    let before = cpu()?;
    let (mut took, mut last) = (Histogram::new(3)?, start);
    let (mut calls, mut callers) = (0, Vec::new());
    while let Some(ended) = calling.join_next().await {
        let made = ended??;
        took.add(made.took)?;
        last = last.max(made.last);
        calls += made.calls;
        callers.push(made.caller);
    }
    ensure!(!took.is_empty(), "nothing was left to call for");
    let measured = Measured {
        took,
        lasted: last - start,
        calls,
        cpu: cpu()?.saturating_sub(before),
    };
    Ok((measured, callers))
}

struct Made<C> {
    caller: C,
    took: Histogram<u64>,
    calls: usize,
    /// When that one was answered.
    last: Instant,
}

async fn call<C: Caller>(
    mut caller: C,
    next: Arc<AtomicUsize>,
    start: Instant,
    end: Instant,
) -> anyhow::Result<Made<C>> {
    let (mut took, mut calls, mut last) = (Histogram::new(3)?, 0, start);
    loop {
        let begun = Instant::now();
        if begun >= end || !caller.call(next.fetch_add(1, Ordering::Relaxed)).await? {
            return Ok(Made {
                caller,
                took,
                calls,
                last,
            });
        }
        calls += 1;
        if begun >= start {
            last = Instant::now();
            took.record((last - begun).as_micros() as u64)?;
        }
    }
}

/// That this process has used so far.
fn cpu() -> anyhow::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).context("the CPU's time")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Duration = Duration::from_millis(10);

    /// Whose calls take a while, up to a number of them.
    struct Patient {
        left: usize,
        made: Vec<usize>,
    }

    impl Caller for Patient {
        async fn call(&mut self, number: usize) -> anyhow::Result<bool> {
            if number >= self.left {
                return Ok(false);
            }
            tokio::time::sleep(CALL).await;
            self.made.push(number);
            Ok(true)
        }
    }

    fn load(warm_up: u64, lasting: u64) -> Load {
        let [warm_up, lasting] = [warm_up, lasting].map(Duration::from_millis);
        Load { warm_up, lasting }
    }

    async fn patient(load: Load, left: usize) -> anyhow::Result<(Measured, Vec<usize>)> {
        let caller = || Patient { left, made: vec![] };
        let (measured, callers) = run(vec![caller(), caller()], load).await?;
        let mut made: Vec<usize> = callers.into_iter().flat_map(|c| c.made).collect();
        made.sort_unstable();
        Ok((measured, made))
    }

    #[tokio::test]
    async fn calls_that_ran_out_count_for_the_time_they_took() {
        let (measured, made) = patient(load(0, 10_000), 6).await.unwrap();
        assert_eq!(made, [0, 1, 2, 3, 4, 5]);
        assert_eq!(measured.took.len(), 6);
        assert!(measured.lasted >= CALL * 3 && measured.lasted < Duration::from_secs(10));
        assert!(measured.took.min() >= CALL.as_micros() as u64);
    }

    #[tokio::test]
    async fn what_warms_up_does_not_count() {
        let (measured, made) = patient(load(50, 200), usize::MAX).await.unwrap();
        assert_eq!(measured.calls, made.len());
        assert!((measured.took.len() as usize) < made.len());
        assert!(measured.lasted >= Duration::from_millis(200) - CALL);
        // Two callers of a hundred calls a second each, at most.
        assert!(measured.per_second() <= 200.0);
    }

    #[tokio::test]
    async fn nothing_measured_is_an_error() {
        assert!(patient(load(10, 200), 0).await.is_err());
    }

    #[test]
    fn work_takes_cpu() {
        let before = cpu().unwrap();
        while cpu().unwrap() == before {}
        assert!(cpu().unwrap() - before < Duration::from_secs(10));
    }
}
