use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::order::{Quantity, QuantityError};
use domain::{Currency, Money};
use runtime::http::{Problem, ProblemType, Violation};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::field_fault::FieldFault;

/// A JSON object being read field by field. Reading goes on after a fault, so that the answer can
/// name every one; numbers are read from their own text, never through a float.
#[derive(Default)]
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
                ProblemType::MalformedJson,
                format!("The body is not JSON: {e}."),
            )
        })?;
        Self::of(value, String::new()).map_err(|fault| Problem::validation(vec![fault]))
    }

    /// A name that stands twice is a fault: parsers disagree on which counts.
    fn of(value: &RawValue, pointer: String) -> Result<Self, Violation> {
        let Object { fields, twice } = match Object::parse(value) {
            Ok(object) => object,
            Err(fault) => return Err(fault.at(pointer)),
        };
        let mut object = Self {
            pointer,
            fields,
            violations: Vec::new(),
        };
        for name in twice {
            object.violate(
                &name,
                FieldFault::new(ProblemType::DuplicateField, "stands more than once"),
            );
        }
        Ok(object)
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
            None => Err(FieldFault::new(ProblemType::MissingField, "is missing")),
        };
        outcome
            .map_err(|fault| self.violations.push(fault.at(pointer)))
            .ok()
    }

    /// Takes a field that may be missing and reads it. `None` also where it breaks a rule, which is
    /// noted.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&RawValue) -> Result<T, FieldFault>,
    ) -> Option<T> {
        if self.fields.contains_key(name) {
            self.required(name, read)
        } else {
            None
        }
    }

    /// Takes an array of objects and reads each; `None` where any of it breaks a rule. Of an array
    /// that is too long nothing is read: each of its objects might add faults to the answer.
    pub fn required_objects<T>(
        &mut self,
        name: &str,
        at_most: usize,
        mut read: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        let array = self.required(name, |value| array(value, at_most))?;
        let mut items = Vec::with_capacity(array.len());
        let mut whole = true;
        for (index, value) in array.iter().enumerate() {
            let pointer = format!("{}/{index}", self.pointer_to(name));
            let item = match Self::of(value, pointer) {
                Ok(mut object) => {
                    let item = read(&mut object);
                    object.refuse_unknown();
                    let clean = object.violations.is_empty();
                    self.violations.append(&mut object.violations);
                    item.filter(|_| clean)
                }
                Err(fault) => {
                    self.violations.push(fault);
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
                FieldFault::new(ProblemType::UnknownField, "is not a field of this object"),
            );
        }
    }

    fn pointer_to(&self, name: &str) -> String {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        format!("{}/{escaped}", self.pointer)
    }
}

/// Reads a string with one of the domain's rules for texts.
pub fn text<T, E: Into<FieldFault>>(
    rule: impl FnOnce(String) -> Result<T, E>,
) -> impl FnOnce(&RawValue) -> Result<T, FieldFault> {
    |value| {
        let text: String = serde_json::from_str(value.get())
            .map_err(|_| wrong_type(value, '"', "is not a string", "is not Unicode text"))?;
        rule(text).map_err(Into::into)
    }
}

pub fn currency(value: &RawValue) -> Result<Currency, FieldFault> {
    let code: String = serde_json::from_str(value.get())
        .map_err(|_| wrong_type(value, '"', "is not a string", "is not Unicode text"))?;
    Ok(Currency::new(&code)?)
}

pub fn money(value: &RawValue) -> Result<Money, FieldFault> {
    Ok(Money::from_json_number(value.get())?)
}

/// Reads the text: a number too large for any integer type is still a whole number out of range.
pub fn quantity(value: &RawValue) -> Result<Quantity, FieldFault> {
    let text = value.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FieldFault::new(
            ProblemType::WrongType,
            "is not a whole number",
        ));
    }
    let quantity = text.parse().map_err(|_| QuantityError)?;
    Ok(Quantity::new(quantity)?)
}

fn array(value: &RawValue, at_most: usize) -> Result<Vec<Box<RawValue>>, FieldFault> {
    let array: Vec<Box<RawValue>> = serde_json::from_str(value.get())
        .map_err(|_| FieldFault::new(ProblemType::WrongType, "is not an array"))?;
    match array.len() {
        0 => Err(FieldFault::new(ProblemType::NoItems, "has no items")),
        count if count > at_most => Err(FieldFault::new(
            ProblemType::TooManyItems,
            format!("has {count} items, more than {at_most}"),
        )),
        _ => Ok(array),
    }
}

/// The fields of an object, and the names that stand more than once.
#[derive(Default)]
struct Object {
    fields: BTreeMap<String, Box<RawValue>>,
    twice: BTreeSet<String>,
}

impl Object {
    fn parse(value: &RawValue) -> Result<Self, FieldFault> {
        let mut json = serde_json::Deserializer::from_str(value.get());
        json.deserialize_map(Self::default()).map_err(|_| {
            let unnamed = "has a field name that is not Unicode text";
            wrong_type(value, '{', "is not an object", unnamed)
        })
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if self.fields.insert(name.clone(), value).is_some() {
                self.twice.insert(name);
            }
        }
        Ok(self)
    }
}

/// What begins like the type wanted, and is JSON, can only fail for an escape such as `\ud800`
/// that is no character.
fn wrong_type(
    value: &RawValue,
    begin: char,
    not_the_type: &'static str,
    not_unicode: &'static str,
) -> FieldFault {
    if value.get().starts_with(begin) {
        FieldFault::new(ProblemType::NotUnicode, not_unicode)
    } else {
        FieldFault::new(ProblemType::WrongType, not_the_type)
    }
}
