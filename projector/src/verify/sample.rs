use std::hash::{DefaultHasher, Hash, Hasher};

/// Which orders are compared: all, or always the same share of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Of 2^32.
    share: u64,
}

impl Sample {
    pub const ALL: Self = Self { share: 1 << 32 };

    /// `None` where it is no share: not above 0 and up to 100.
    pub fn percent(percent: f64) -> Option<Self> {
        let share = (percent / 100.0 * (1_u64 << 32) as f64).ceil();
        (percent > 0.0 && percent <= 100.0).then_some(Self {
            share: share as u64,
        })
    }

    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    pub fn takes(self, order_id: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        order_id.hash(&mut hasher);
        (hasher.finish() >> 32) < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_about_its_share() {
        let taken = |sample: Sample| (0..10_000).filter(|n| sample.takes(&n.to_string())).count();
        assert_eq!(taken(Sample::ALL), 10_000);
        assert_eq!(Sample::percent(100.0), Some(Sample::ALL));
        let tenth = taken(Sample::percent(10.0).unwrap());
        assert!((900..1100).contains(&tenth), "{tenth}");
        for none in [0.0, -1.0, 100.1, f64::NAN] {
            assert_eq!(Sample::percent(none), None);
        }
    }
}
