use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;

/// How many orders, by the end of their lives, are looked for afterwards.
const LAST: usize = 200;

#[derive(Clone, Copy)]
pub enum Action {
    Create,
    Confirm,
    Cancel,
}

/// Latencies in microseconds, three significant digits, by action.
pub struct Report {
    histograms: [Histogram<u64>; 3],
    /// Order id and the version its last command led to.
    last: VecDeque<(String, u64)>,
    failures: Vec<String>,
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
    reason = "3 digits are among the 0 to 5 that exist"
)]
fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("3 significant digits")
}

impl Report {
    pub fn record(&mut self, action: Action, took: Duration) {
        self.histograms[action as usize].saturating_record(took.as_micros() as u64);
    }

    pub fn finished(&mut self, order_id: String, version: u64) {
        self.last.push_back((order_id, version));
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
            // Both grow as needed, so that adding cannot fail.
            let _ = mine.add(theirs);
        }
        self.last.extend(other.last);
        self.failures.extend(other.failures);
    }

    pub fn last_orders(&self) -> Vec<(String, u64)> {
        self.last.iter().cloned().collect()
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
