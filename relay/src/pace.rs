use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_millis(3);
const LONGEST: Duration = Duration::from_millis(40);
/// How far back it is looked for how quickly records come.
const RECENT: Duration = Duration::from_millis(200);

/// How long to rest between two looks. A record that comes alone is sent at once; of many, each
/// waits for some others.
pub(crate) struct Pace {
    /// [`crate::Settings::gather`].
    gather: f64,
    looked: Instant,
    /// Records a second, of late: each counts for less the longer ago it was found.
    rate: f64,
    rest: Duration,
}

impl Pace {
    pub const SHORTEST: Duration = SHORTEST;

    pub fn new(now: Instant, gather: u16) -> Self {
        Self {
            gather: gather.into(),
            looked: now,
            rate: 0.0,
            rest: SHORTEST,
        }
    }

    /// A look at `now` found so many records.
    pub fn found(&mut self, now: Instant, records: usize) {
        let recent = RECENT.as_secs_f64();
        let since = now.saturating_duration_since(self.looked).as_secs_f64();
        self.looked = now;
        self.rate = self.rate * (-since / recent).exp() + records as f64 / recent;
        self.rest = match records {
            0 => SHORTEST,
            _ => Duration::from_secs_f64(self.gather / self.rate).clamp(SHORTEST, LONGEST),
        };
    }

    /// From that look to the next one at least.
    pub fn rest(&self) -> Duration {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest after looks every `every` ms, each of which found so many.
    fn rest_after(every: u64, found: &[usize]) -> u128 {
        let begun = Instant::now();
        let mut pace = Pace::new(begun, 6);
        for (look, &records) in (1..).zip(found) {
            pace.found(begun + Duration::from_millis(every) * look, records);
        }
        pace.rest().as_millis()
    }

    #[test]
    fn rests_the_longer_the_fewer_records_come() {
        assert_eq!(rest_after(1000, &[1]), 40);
        // 100, 400 and 2,000 a second.
        assert_eq!(rest_after(40, &[4; 50]), 40);
        assert_eq!(rest_after(10, &[4; 200]), 14);
        assert_eq!(rest_after(5, &[10; 200]), 3);
        assert_eq!(rest_after(100, &[4000]), 3);
    }

    #[test]
    fn what_comes_after_nothing_waits_for_nobody() {
        assert_eq!(rest_after(40, &[1, 1, 0]), 3);
    }
}
