use std::time::Duration;

/// The units a duration can be given in, in seconds.
const UNITS: [(&str, u64); 4] = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60), ("s", 1)];
/// A hundred years: no clock here is that old.
const LONGEST: u64 = 36_500 * UNITS[0].1;

/// Reads `30d`, `12h`, `10m` or `5s`.
pub fn age(text: &str) -> Result<Duration, String> {
    UNITS
        .iter()
        .find_map(|(unit, seconds)| {
            let count = text.strip_suffix(unit)?;
            let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
            let seconds = count.parse::<u64>().ok()?.checked_mul(*seconds)?;
            (digits && seconds <= LONGEST).then(|| Duration::from_secs(seconds))
        })
        .ok_or_else(|| "is not a duration such as 30d, 12h, 10m or 5s, up to 36500d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_hours_minutes_and_seconds() {
        for (text, seconds) in [("30d", 2_592_000), ("1h", 3600), ("10m", 600), ("0s", 0)] {
            assert_eq!(age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for other in [
            "",
            "d",
            "10",
            "+1h",
            "1.5h",
            "-1h",
            "1 h",
            "1w",
            "36501d",
            "99999999999999999999s",
        ] {
            assert!(age(other).is_err(), "{other}");
        }
    }
}
