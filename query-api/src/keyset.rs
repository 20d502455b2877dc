use bson::{Bson, DateTime, Decimal128, Document, RawDocument, doc};

/// The order of a list: by these fields, which together are unique, all up or all down. None of
/// them changes once written, so that a place in the list stays where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Keyset {
    /// By the name it has in queries.
    pub name: &'static str,
    pub fields: &'static [(&'static str, Kind)],
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Time,
    Amount,
    Number,
    Text,
}

impl Keyset {
    pub fn sort(&self) -> Document {
        let direction = if self.descending { -1 } else { 1 };
        let fields = self.fields.iter();
        fields
            .map(|(name, _)| ((*name).to_owned(), Bson::from(direction)))
            .collect()
    }

    /// What comes after a place. The bound of the first field stands alone: by it an index is
    /// entered where the page begins.
    pub fn after(&self, place: &[Bson]) -> Document {
        let (beyond, from) = if self.descending {
            ("$lt", "$lte")
        } else {
            ("$gt", "$gte")
        };
        let mut before = Document::new();
        let mut any = Vec::new();
        let mut bound = Document::new();
        for ((name, _), value) in self.fields.iter().zip(place) {
            if before.is_empty() {
                bound.insert(*name, doc! { from: value });
            }
            let mut here = before.clone();
            here.insert(*name, doc! { beyond: value });
            any.push(here);
            before.insert(*name, value);
        }
        bound.insert("$or", any);
        bound
    }

    /// Where a document of the list stands; `None` for one that is not whole.
    pub fn place(&self, document: &RawDocument) -> Option<Vec<Bson>> {
        let fields = self.fields.iter();
        let values = fields.map(|(name, _)| Bson::try_from(document.get(name).ok()??).ok());
        values.collect()
    }
}

impl Kind {
    pub fn write(self, value: &Bson) -> Option<String> {
        match (self, value) {
            (Self::Time, Bson::DateTime(at)) => Some(at.timestamp_millis().to_string()),
            (Self::Amount, Bson::Decimal128(amount)) => Some(amount.to_string()),
            (Self::Number, Bson::Int32(number)) => Some(number.to_string()),
            (Self::Number, Bson::Int64(number)) => Some(number.to_string()),
            (Self::Text, Bson::String(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// Whatever the text says, a plain value comes out and never a condition.
    pub fn read(self, text: &str) -> Option<Bson> {
        match self {
            Self::Time => Some(DateTime::from_millis(text.parse().ok()?).into()),
            Self::Amount => Some(Bson::Decimal128(text.parse::<Decimal128>().ok()?)),
            Self::Number => Some(Bson::Int64(text.parse().ok()?)),
            Self::Text => Some(text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_place_is_beyond_it_in_the_first_field_that_differs() {
        let keyset = Keyset {
            name: "n",
            fields: &[("a", Kind::Number), ("b", Kind::Text)],
            descending: true,
        };
        assert_eq!(keyset.sort(), doc! { "a": -1, "b": -1 });
        let expected = doc! {
            "a": { "$lte": 3_i64 },
            "$or": [{ "a": { "$lt": 3_i64 } }, { "a": 3_i64, "b": { "$lt": "x" } }],
        };
        assert_eq!(keyset.after(&[Bson::Int64(3), "x".into()]), expected);
    }
}
