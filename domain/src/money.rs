use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of money: an exact decimal with two places, never negative.
///
/// Its own serialisation is the text `"45.99"`, which is how events are stored. The published
/// contract shows a JSON number instead: [`crate::contract::money_number`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(
    /// Hundredths. An order's largest sum is 200 lines × 10,000 × 10^14 hundredths = 2 × 10^20;
    /// an `i128` holds 10^17 of those, so sums need no overflow check.
    i128,
);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("is not a decimal number")]
    NotANumber,
    #[error("has more than 2 decimal places")]
    TooManyDecimalPlaces,
    #[error("is negative")]
    Negative,
    #[error("is more than 1000000000000.00")]
    TooLarge,
}

impl Money {
    pub const ZERO: Self = Self(0);
    /// The largest amount that is accepted as input: 10^12.
    pub const MAX: Self = Self(100_000_000_000_000);

    /// Reads a number as JSON writes it (`45.99`, `1e2`, `1.0E10`), from its text.
    ///
    /// What counts is what is written: `12.990` has three places and is refused, as is
    /// `12.990000000000000001`, which a float would have taken for two.
    pub fn from_json_number(text: &str) -> Result<Self, MoneyError> {
        let amount = Self::from_sum(text)?;
        if amount > Self::MAX {
            return Err(MoneyError::TooLarge);
        }
        Ok(amount)
    }

    /// Reads what amounts were added up to, in the same way. It may be more than [`Self::MAX`].
    pub fn from_sum(text: &str) -> Result<Self, MoneyError> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotANumber);
        }
        let places = fraction.len() as i64 - exponent;
        if places > 2 {
            return Err(MoneyError::TooManyDecimalPlaces);
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self::ZERO);
        }
        if negative {
            return Err(MoneyError::Negative);
        }
        let zeros = 2 - places;
        if digits.len() as i64 + zeros > LONGEST_SUM {
            return Err(MoneyError::TooLarge);
        }
        let value: i128 = digits.parse().map_err(|_| MoneyError::NotANumber)?;
        Ok(Self(value * 10_i128.pow(zeros as u32)))
    }

    /// Shared equally by so many, rounded to hundredths, half a hundredth up. None shares nothing.
    pub fn shared_by(self, many: u64) -> Self {
        let many = i128::from(many.max(1));
        Self((2 * self.0 + many) / (2 * many))
    }

    /// What is left of it; `None` where that is less than nothing.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self >= other).then(|| Self(self.0 - other.0))
    }

    /// The amount in hundredths.
    pub fn hundredths(self) -> i128 {
        self.0
    }

    /// The reverse of [`Self::hundredths`], of what [`Self::from_sum`] reads.
    pub fn from_hundredths(hundredths: i128) -> Result<Self, MoneyError> {
        match hundredths {
            ..0 => Err(MoneyError::Negative),
            TOO_LARGE_SUM.. => Err(MoneyError::TooLarge),
            _ => Ok(Self(hundredths)),
        }
    }
}

/// Digits of a sum, hundredths included: what a Decimal128 holds, and far from an `i128`'s end.
const LONGEST_SUM: i64 = 34;
const TOO_LARGE_SUM: i128 = 10_i128.pow(LONGEST_SUM as u32);

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// An exponent of more digits than an `i64` has is as good as the largest one.
fn exponent_of(text: &str) -> Result<i64, MoneyError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !all_digits(digits) {
        return Err(MoneyError::NotANumber);
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Ok(if text.starts_with('-') { -size } else { size })
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Mul<u32> for Money {
    type Output = Self;
    fn mul(self, times: u32) -> Self {
        Self(self.0 * i128::from(times))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_json_number(&text)
            .map_err(|e| de::Error::custom(format!("the amount {text:?} {e}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_json_writes() {
        for (text, shown) in [
            ("45.99", "45.99"),
            ("0", "0.00"),
            ("-0.00", "0.00"),
            ("0e999999999999999999999", "0.00"),
            ("7.5", "7.50"),
            ("1e2", "100.00"),
            ("1.0E10", "10000000000.00"),
            ("1299e-2", "12.99"),
            ("1000000000000", "1000000000000.00"),
            ("1e12", "1000000000000.00"),
        ] {
            assert_eq!(
                Money::from_json_number(text).unwrap().to_string(),
                shown,
                "{text}"
            );
        }
    }

    #[test]
    fn sums_may_be_larger_than_amounts() {
        let sum = "99999999999999999999999999999999.99";
        assert_eq!(Money::from_sum(sum).unwrap().to_string(), sum);
        let huge = Money::from_sum("1e33");
        assert_eq!(huge, Err(MoneyError::TooLarge));
        let largest = Money::from_sum(sum).unwrap().hundredths();
        assert_eq!(Money::from_hundredths(largest), Money::from_sum(sum));
        let huge = Money::from_hundredths(largest + 1);
        assert_eq!(huge, Err(MoneyError::TooLarge));
        assert_eq!(Money::from_hundredths(-1), Err(MoneyError::Negative));
    }

    #[test]
    fn shares_are_rounded_half_up() {
        let shared = |amount, many| {
            let amount = Money::from_json_number(amount).unwrap();
            amount.shared_by(many).to_string()
        };
        assert_eq!(shared("10.00", 3), "3.33");
        assert_eq!(shared("20.00", 3), "6.67");
        assert_eq!(shared("0.05", 2), "0.03");
        assert_eq!(shared("7.00", 0), "7.00");
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        use MoneyError::*;
        for (text, error) in [
            ("12.999", TooManyDecimalPlaces),
            ("12.990", TooManyDecimalPlaces),
            ("12.990000000000000001", TooManyDecimalPlaces),
            ("1e-3", TooManyDecimalPlaces),
            ("1e-99999999999999999999", TooManyDecimalPlaces),
            ("-0.01", Negative),
            ("-1e400", Negative),
            ("1e400", TooLarge),
            ("1e99999999999999999999", TooLarge),
            ("1000000000000.01", TooLarge),
            ("NaN", NotANumber),
            ("", NotANumber),
            ("1e", NotANumber),
            (".5", NotANumber),
        ] {
            assert_eq!(Money::from_json_number(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_survives_its_own_text(hundredths in 0i128..=Money::MAX.0) {
            let amount = Money(hundredths);
            prop_assert_eq!(Money::from_json_number(&amount.to_string()), Ok(amount));
            let stored = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&stored).unwrap(), amount);
        }

        #[test]
        fn any_text_is_an_answer_not_a_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = Money::from_json_number(&text);
        }
    }
}
