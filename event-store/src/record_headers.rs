use std::fmt::{self, Debug, Formatter};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// The headers that an outbox row has for its record, from a JSON object of texts and in its order.
///
/// Kept as one text: as a map of strings they were a fifth of what a relay needs of the processor.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RecordHeaders {
    text: String,
    /// Where each name and each value ends in `text`, in turns.
    ends: Vec<usize>,
}

impl RecordHeaders {
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.chunks_exact(2).map(move |ends| {
            let (name, value) = (&self.text[start..ends[0]], &self.text[ends[0]..ends[1]]);
            start = ends[1];
            (name, value)
        })
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let named = self.iter().find(|(known, _)| *known == name);
        named.map(|(_, value)| value)
    }
}

impl Debug for RecordHeaders {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'de> serde::Deserialize<'de> for RecordHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = RecordHeaders;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<RecordHeaders, M::Error> {
                let mut headers = RecordHeaders::default();
                while map.next_key_seed(Text(&mut headers))?.is_some() {
                    map.next_value_seed(Text(&mut headers))?;
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Appends the text that comes next.
struct Text<'a>(&'a mut RecordHeaders);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.text.push_str(text);
        self.0.ends.push(self.0.text.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(json: &str) -> serde_json::Result<RecordHeaders> {
        serde_json::from_str(json)
    }

    #[test]
    fn names_and_values_are_those_of_the_object() {
        let some = headers(r#"{"ce_id": "a-1", "": "", "said": "\"so\" \u00e9", "ce_type": "T"}"#);
        let some = some.unwrap();
        let all: Vec<_> = some.iter().collect();
        let expected = [
            ("ce_id", "a-1"),
            ("", ""),
            ("said", "\"so\" é"),
            ("ce_type", "T"),
        ];
        assert_eq!(all, expected);
        assert_eq!(some.get("ce_type"), Some("T"));
        assert_eq!(some.get("none"), None);
        assert_eq!(headers("{}").unwrap().iter().count(), 0);
    }

    #[test]
    fn anything_else_is_refused() {
        for json in [r#"{"a": 1}"#, r#"{"a": null}"#, r#"["a"]"#, r#""a""#, "1"] {
            assert!(headers(json).is_err(), "{json}");
        }
    }
}
