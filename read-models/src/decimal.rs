//! Money as MongoDB's Decimal128, exact both ways. For `#[serde(with = …)]`, and by itself.
//!
//! An amount with two places is written and read bit by bit: by way of its text, which is how the
//! library offers it, an update of `order_view` costs a projector half as much again.
//! The layout is IEEE 754-2008's decimal128 with a binary integer as its coefficient, as the
//! [BSON specification](https://bsonspec.org/spec.html) has it: from the highest bit on a sign,
//! 14 bits of exponent, counted from -6176, and 113 bits of coefficient.

use bson::Decimal128;
use domain::{Money, MoneyError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

const COEFFICIENT_BITS: u32 = 113;
/// What stands above the coefficient of a number that is not negative and has two places.
const TWO_PLACES: u128 = 6176 - 2;

/// Fails where a sum is larger than what [`Money::from_sum`] reads.
pub fn from_money(amount: Money) -> Result<Decimal128, MoneyError> {
    let amount = Money::from_hundredths(amount.hundredths())?;
    // Not negative, and below 10^34, which is below 2^113.
    let coefficient = amount.hundredths() as u128;
    let bits = TWO_PLACES << COEFFICIENT_BITS | coefficient;
    Ok(Decimal128::from_bytes(bits.to_le_bytes()))
}

/// However the number is written.
pub fn to_money(decimal: Decimal128) -> Result<Money, MoneyError> {
    let bits = u128::from_le_bytes(decimal.bytes());
    if bits >> COEFFICIENT_BITS == TWO_PLACES {
        let coefficient = bits & ((1 << COEFFICIENT_BITS) - 1);
        return Money::from_hundredths(coefficient as i128);
    }
    Money::from_sum(&decimal.to_string())
}

pub fn serialize<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    let decimal = from_money(*amount).map_err(ser::Error::custom)?;
    decimal.serialize(serializer)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let decimal = Decimal128::deserialize(deserializer)?;
    to_money(decimal).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_text(amount: Money) -> Decimal128 {
        amount.to_string().parse().unwrap()
    }

    proptest! {
        #[test]
        fn what_the_library_makes_of_the_text(
            digits in 0..=34_u32, any in any::<u128>()
        ) {
            let hundredths = (any % 10_u128.pow(digits)) as i128;
            let amount = Money::from_hundredths(hundredths).unwrap();
            let decimal = from_money(amount).unwrap();
            prop_assert_eq!(decimal, by_text(amount));
            prop_assert_eq!(decimal.to_string(), amount.to_string());
            prop_assert_eq!(to_money(decimal), Ok(amount));
        }
    }

    #[test]
    fn the_largest_is_written_and_nothing_larger() {
        let largest = Money::from_sum("99999999999999999999999999999999.99").unwrap();
        assert_eq!(from_money(largest), Ok(by_text(largest)));
        assert_eq!(from_money(largest + largest), Err(MoneyError::TooLarge));
    }

    #[test]
    fn other_hands_write_other_forms() {
        let read = |text: &str| to_money(text.parse().unwrap());
        let hundred = Money::from_hundredths(10_000);
        assert_eq!(read("1E+2"), hundred);
        assert_eq!(read("100"), hundred);
        assert_eq!(read("100.00"), hundred);
        assert_eq!(read("100.000"), Err(MoneyError::TooManyDecimalPlaces));
        assert_eq!(read("-100.00"), Err(MoneyError::Negative));
        assert_eq!(read("NaN"), Err(MoneyError::NotANumber));
        assert_eq!(read("Infinity"), Err(MoneyError::NotANumber));
    }
}
