//! Money as MongoDB's Decimal128, by way of its text: exact both ways. For `#[serde(with = …)]`.

use bson::Decimal128;
use domain::Money;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

pub fn serialize<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    let decimal: Decimal128 = amount.to_string().parse().map_err(ser::Error::custom)?;
    decimal.serialize(serializer)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let decimal = Decimal128::deserialize(deserializer)?;
    Money::from_sum(&decimal.to_string()).map_err(de::Error::custom)
}
