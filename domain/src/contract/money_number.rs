//! Money as a JSON number, taken from and written to the number's own text, never through a float.
//! For `#[serde(with = "money_number")]`.
//!
//! It reads the raw text, which serde's buffered content does not keep: no `flatten`, untagged or
//! internally tagged type may stand between the parser and such a field.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

use crate::Money;

pub fn serialize<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string())
        .map_err(ser::Error::custom)?
        .serialize(serializer)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let number = Box::<RawValue>::deserialize(deserializer)?;
    Money::from_json_number(number.get())
        .map_err(|e| de::Error::custom(format!("the amount {number} {e}")))
}
