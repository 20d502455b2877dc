use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

/// How many orders, the last ones to be finished, are looked for afterwards.
const LAST: usize = 100;
/// No request is waited for as long as this, in microseconds.
const LONGEST: u64 = 120_000_000;

#[derive(Clone, Copy)]
pub enum Action {
    Create,
    Confirm,
    Cancel,
}

/// Latencies in microseconds, three significant digits, by action.
pub struct Report {
    histograms: [Histogram<u64>; 3],
    last: VecDeque<Finished>,
    failures: Vec<String>,
}

/// An order that got its last answer.
pub struct Finished {
    at: Instant,
    pub order_id: String,
    /// What its last command led to.
    pub version: u64,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            histograms: std::array::from_fn(|_| histogram()),
            last: VecDeque::new(),
            failures: Vec::new(),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "1 to LONGEST with 3 digits is a valid range"
)]
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("a valid range")
}

impl Report {
    pub fn record(&mut self, action: Action, took: Duration) {
        self.histograms[action as usize].saturating_record(took.as_micros() as u64);
    }

    pub fn finished(&mut self, order_id: String, version: u64) {
        self.last.push_back(Finished {
            at: Instant::now(),
            order_id,
            version,
        });
        if self.last.len() > LAST {
            self.last.pop_front();
        }
    }

    pub fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Takes in what another connection measured.
    pub fn add(&mut self, other: Self) {
        for (mine, theirs) in self.histograms.iter_mut().zip(other.histograms) {
            // All have the same range, so that adding cannot fail.
            let _ = mine.add(theirs);
        }
        self.last.extend(other.last);
        self.failures.extend(other.failures);
    }

    /// The last orders of all connections to be finished, the very last one first.
    pub fn into_last_orders(self) -> Vec<Finished> {
        let mut last = Vec::from(self.last);
        last.sort_by_key(|finished| std::cmp::Reverse(finished.at));
        last.truncate(LAST);
        last
    }

    pub fn failed(&self) -> usize {
        self.failures.len()
    }

    pub fn first_failure(&self) -> &str {
        self.failures.first().map_or("", String::as_str)
    }

    pub fn print(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        println!(
            "{:<10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "", "count", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms"
        );
        let mut all = histogram();
        for (name, histogram) in ["create", "confirm", "cancel"].iter().zip(&self.histograms) {
            row(name, histogram, seconds);
            let _ = all.add(histogram);
        }
        row("all", &all, seconds);
        println!(
            "{:<10} {:>9}    in {seconds:.2} s",
            "failed",
            self.failures.len()
        );
    }
}

fn row(name: &str, histogram: &Histogram<u64>, seconds: f64) {
    let ms = |micros: u64| micros as f64 / 1000.0;
    println!(
        "{name:<10} {:>9} {:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
        histogram.len(),
        histogram.len() as f64 / seconds,
        ms(histogram.value_at_quantile(0.5)),
        ms(histogram.value_at_quantile(0.95)),
        ms(histogram.value_at_quantile(0.99)),
        ms(histogram.max()),
    );
}
