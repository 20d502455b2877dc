use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// When something happened, in whole microseconds: what Postgres keeps and the contract shows.
///
/// Written as `2026-11-21T10:00:00.123456Z`, always in UTC and always with six digits, so that
/// the texts sort like the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccurredOn(Timestamp);

impl OccurredOn {
    /// Cuts what is finer than a microsecond.
    pub fn new(at: Timestamp) -> Self {
        Self(
            at.round(
                jiff::TimestampRound::new()
                    .smallest(Unit::Microsecond)
                    .mode(jiff::RoundMode::Trunc),
            )
            .unwrap_or(at),
        )
    }

    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for OccurredOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl FromStr for OccurredOn {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::new)
    }
}

impl Serialize for OccurredOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OccurredOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_six_digits_and_cuts_the_rest() {
        let at: OccurredOn = "2026-11-21T12:00:00.1234567+02:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-21T10:00:00.123456Z");
        let whole: OccurredOn = "2026-11-21T10:00:00Z".parse().unwrap();
        assert_eq!(whole.to_string(), "2026-11-21T10:00:00.000000Z");
    }
}
