use std::collections::BTreeMap;

use domain::order::{Quantity, QuantityError};
use domain::{Money, MoneyError, TextError};
use http::StatusCode;
use runtime::http::{Problem, Violation};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A JSON object being read field by field. Reading goes on after a fault, so that the answer can
/// name every one; numbers are read from their own text, never through a float.
pub struct Fields {
    /// JSON pointer of the object itself; empty for the whole body.
    pointer: String,
    fields: BTreeMap<String, Box<RawValue>>,
    violations: Vec<Violation>,
}

impl Fields {
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let value: &RawValue = serde_json::from_slice(body).map_err(|e| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed-json",
                "The body is not JSON.",
                format!("The body is not JSON: {e}."),
            )
        })?;
        match unique_fields(value) {
            Ok(fields) => Ok(Self {
                pointer: String::new(),
                fields,
                violations: Vec::new(),
            }),
            Err(fault) => Err(Problem::validation(vec![fault.at(String::new())])),
        }
    }

    /// Takes a field and reads it. `None` where it is missing or breaks a rule, which is noted.
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&RawValue) -> Result<T, FieldFault>,
    ) -> Option<T> {
        let pointer = self.pointer_to(name);
        let outcome = match self.fields.remove(name) {
            Some(value) => read(&value),
            None => Err(FieldFault::new("missing-field", "is missing")),
        };
        outcome
            .map_err(|fault| self.violations.push(fault.at(pointer)))
            .ok()
    }

    /// Takes an array of objects and reads each; `None` where any of it breaks a rule.
    pub fn required_objects<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        let array = self.required(name, |value| {
            serde_json::from_str::<Vec<Box<RawValue>>>(value.get())
                .map_err(|_| FieldFault::new("wrong-type", "is not an array"))
        })?;
        let mut items = Vec::with_capacity(array.len());
        let mut whole = true;
        for (index, value) in array.iter().enumerate() {
            let pointer = format!("{}/{index}", self.pointer_to(name));
            let item = match unique_fields(value) {
                Ok(fields) => {
                    let mut object = Self {
                        pointer,
                        fields,
                        violations: Vec::new(),
                    };
                    let item = read(&mut object);
                    object.refuse_unknown();
                    let clean = object.violations.is_empty();
                    self.violations.append(&mut object.violations);
                    item.filter(|_| clean)
                }
                Err(fault) => {
                    self.violations.push(fault.at(pointer));
                    None
                }
            };
            match item {
                Some(item) => items.push(item),
                None => whole = false,
            }
        }
        whole.then_some(items)
    }

    /// Ends the reading: fields that nobody took are unknown. Gives back what was read if nothing
    /// broke a rule.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Problem> {
        self.refuse_unknown();
        match read {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(Problem::validation(self.violations)),
        }
    }

    /// Notes a rule over several fields.
    pub fn violate(&mut self, name: &str, fault: FieldFault) {
        let pointer = self.pointer_to(name);
        self.violations.push(fault.at(pointer));
    }

    fn refuse_unknown(&mut self) {
        for name in std::mem::take(&mut self.fields).into_keys() {
            self.violate(
                &name,
                FieldFault::new("unknown-field", "is not a field of this object"),
            );
        }
    }

    fn pointer_to(&self, name: &str) -> String {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        format!("{}/{escaped}", self.pointer)
    }
}

/// What is wrong with one field, without its place.
pub struct FieldFault {
    kind: &'static str,
    detail: String,
}

impl FieldFault {
    pub fn new(kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    fn at(self, pointer: String) -> Violation {
        let place = if pointer.is_empty() {
            "The body"
        } else {
            &pointer
        };
        Violation {
            kind: self.kind,
            detail: format!("{place} {}.", self.detail),
            pointer: Some(pointer),
            parameter: None,
        }
    }
}

impl From<TextError> for FieldFault {
    fn from(error: TextError) -> Self {
        let kind = match error {
            TextError::Blank => "blank",
            TextError::TooLong { .. } => "too-long",
            TextError::ControlCharacter => "control-character",
        };
        Self::new(kind, error.to_string())
    }
}

impl From<MoneyError> for FieldFault {
    fn from(error: MoneyError) -> Self {
        let kind = match error {
            MoneyError::NotANumber => "wrong-type",
            MoneyError::TooManyDecimalPlaces => "too-many-decimal-places",
            MoneyError::Negative => "negative-amount",
            MoneyError::TooLarge => "amount-too-large",
        };
        Self::new(kind, error.to_string())
    }
}

impl From<QuantityError> for FieldFault {
    fn from(error: QuantityError) -> Self {
        Self::new("quantity-out-of-range", error.to_string())
    }
}

/// Reads a string with one of the domain's rules for texts.
pub fn text<T>(
    rule: impl FnOnce(String) -> Result<T, TextError>,
) -> impl FnOnce(&RawValue) -> Result<T, FieldFault> {
    |value| {
        let text: String = serde_json::from_str(value.get())
            .map_err(|_| FieldFault::new("wrong-type", "is not a string"))?;
        Ok(rule(text)?)
    }
}

pub fn money(value: &RawValue) -> Result<Money, FieldFault> {
    Ok(Money::from_json_number(value.get())?)
}

pub fn quantity(value: &RawValue) -> Result<Quantity, FieldFault> {
    let number: serde_json::Number = serde_json::from_str(value.get())
        .map_err(|_| FieldFault::new("wrong-type", "is not a whole number"))?;
    let whole = number.as_u64().map(u32::try_from);
    match (whole, number.as_i64()) {
        (Some(Ok(quantity)), _) => Ok(Quantity::new(quantity)?),
        (Some(Err(_)), _) | (None, Some(_)) => Err(QuantityError.into()),
        (None, None) => Err(FieldFault::new("wrong-type", "is not a whole number")),
    }
}

/// The fields of an object. A name that stands twice is refused: parsers disagree on which counts.
fn unique_fields(value: &RawValue) -> Result<BTreeMap<String, Box<RawValue>>, FieldFault> {
    struct Unique(Result<BTreeMap<String, Box<RawValue>>, String>);

    impl<'de> Deserialize<'de> for Unique {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;

            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Unique;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Unique, A::Error> {
                    let mut fields = BTreeMap::new();
                    let mut twice = None;
                    while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                        if fields.insert(name.clone(), value).is_some() {
                            twice = Some(name);
                        }
                    }
                    Ok(Unique(twice.map_or(Ok(fields), Err)))
                }
            }

            deserializer.deserialize_map(Visitor)
        }
    }

    match serde_json::from_str::<Unique>(value.get()) {
        Ok(Unique(Ok(fields))) => Ok(fields),
        Ok(Unique(Err(name))) => Err(FieldFault::new(
            "duplicate-field",
            format!("has the field {name:?} twice"),
        )),
        Err(_) => Err(FieldFault::new("wrong-type", "is not an object")),
    }
}
