use std::time::Duration;

use tokio::time::Instant;

/// Not more than so many events a second, and what a wait has cost is not made up for.
pub(super) struct Pace {
    rate: Option<u32>,
    next: Instant,
}

impl Pace {
    pub fn new(rate: Option<u32>) -> Self {
        Self {
            rate,
            next: Instant::now(),
        }
    }

    /// How many go together: a quarter of a second's worth.
    pub fn records(&self) -> usize {
        self.rate
            .map_or(usize::MAX, |rate| (rate as usize / 4).max(1))
    }

    pub async fn wait(&mut self, records: usize) {
        let Some(rate) = self.rate else {
            return;
        };
        tokio::time::sleep_until(self.next).await;
        let seconds = records as f64 / f64::from(rate.max(1));
        self.next = self.next.max(Instant::now()) + Duration::from_secs_f64(seconds);
    }
}
