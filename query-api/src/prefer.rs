use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

const PREFER: HeaderName = HeaderName::from_static("prefer");
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Nobody waits longer, whatever is asked for.
const LONGEST: u64 = 30;

/// `Prefer: wait=S` (RFC 7240): how long the caller would wait, and what it is told of that. A
/// preference that cannot be read is none, as it says there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    seconds: u64,
}

impl Wait {
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(PREFER).iter();
        let mut preferences = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|preference| preference.split(';').next()?.split_once('='));
        // Of several the first counts.
        let (_, value) = preferences.find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))?;
        let value = value.trim().trim_matches('"');
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let seconds = digits.then(|| value.parse().unwrap_or(u64::MAX))?;
        Some(Self {
            seconds: seconds.min(LONGEST),
        })
    }

    pub fn at_most(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub fn applied(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("wait={}", self.seconds)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &'static str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(PREFER, HeaderValue::from_static(value))]);
        Wait::of(&headers).map(|wait| wait.seconds)
    }

    #[test]
    fn is_read_among_other_preferences_and_cut() {
        for (value, seconds) in [
            ("wait=2", 2),
            ("respond-async, wait=10", 10),
            ("Wait = \"3\"; x=y", 3),
            ("wait=5, wait=7", 5),
            ("wait=0", 0),
            ("wait=31", 30),
            ("wait=99999999999999999999999", 30),
        ] {
            assert_eq!(wait(value), Some(seconds), "{value}");
        }
        for none in [
            "", "wait", "wait=", "wait=-1", "wait=1.5", "wait=x", "awaits=1",
        ] {
            assert_eq!(wait(none), None, "{none}");
        }
    }
}
