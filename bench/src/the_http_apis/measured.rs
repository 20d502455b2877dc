use std::time::Duration;

use hdrhistogram::Histogram;

use crate::the_relay::report::Report;

/// What callers reached.
pub struct Measured {
    /// By each call, in microseconds.
    pub took: Histogram<u64>,
    pub lasted: Duration,
    /// That were answered, those of the warm-up among them.
    pub calls: usize,
    /// That this process needed for it.
    pub cpu: Duration,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.lasted.as_secs_f64()
    }

    pub fn show(&self, name: &str, report: &mut Report) {
        report.add(name, self.per_second(), "/s");
        for (name, quantile) in [("  p50", 0.5), ("  p99", 0.99)] {
            let ms = self.took.value_at_quantile(quantile) as f64 / 1000.0;
            report.add(name, ms, "ms");
        }
        // All of one core is what a client of one thread can have: close to that, the client was
        // measured and not the server.
        let cpu = 100.0 * self.cpu.as_secs_f64() / self.lasted.as_secs_f64();
        report.add("  the client, of one core", cpu, "%");
    }
}
