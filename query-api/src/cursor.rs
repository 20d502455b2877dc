use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bson::{Bson, Document, RawDocument, doc};
use runtime::http::{ParameterFault, ProblemType};
use sha2::{Digest, Sha256};

use crate::keyset::Keyset;
use crate::query_error::QueryError;

/// Of what this API writes into a cursor.
const VERSION: u8 = 2;

/// What a cursor belongs to: a list's order and its filters. Paging shows nothing twice, and leaves
/// nothing out that was in the list when it began; what arrives meanwhile is shown if its place is
/// still to come.
pub struct Paging {
    keyset: &'static Keyset,
    query: String,
}

impl Paging {
    /// `list` sets apart lists that could be asked for in the same words.
    pub fn of(list: &str, keyset: &'static Keyset, filter: &Document) -> Result<Self, QueryError> {
        let query = doc! { "list": list, "sort": keyset.name, "filter": filter };
        let hash = Sha256::digest(bson::serialize_to_vec(&query)?);
        Ok(Self {
            keyset,
            query: URL_SAFE_NO_PAD.encode(&hash[..12]),
        })
    }

    /// The place of a page's last document. Opaque to callers.
    pub fn cursor(&self, last: &RawDocument) -> Option<String> {
        let place = self.keyset.place(last)?;
        let kinds = self.keyset.fields.iter().map(|(_, kind)| *kind);
        let place: Option<Vec<String>> =
            kinds.zip(&place).map(|(k, value)| k.write(value)).collect();
        let text = serde_json::to_string(&(VERSION, &self.query, place?)).ok()?;
        Some(URL_SAFE_NO_PAD.encode(text))
    }

    /// What comes after the cursor, as a filter.
    pub fn after(&self, cursor: &str) -> Result<Document, ParameterFault> {
        let (query, place) = self
            .read(cursor)
            .ok_or_else(runtime::http::invalid_cursor)?;
        if query != self.query {
            return Err(ParameterFault {
                kind: ProblemType::CursorOfAnotherQuery,
                detail: "comes from a query with other filters or another sort order".to_owned(),
            });
        }
        let place = place.ok_or_else(runtime::http::invalid_cursor)?;
        Ok(self.keyset.after(&place))
    }

    fn read(&self, cursor: &str) -> Option<(String, Option<Vec<Bson>>)> {
        let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, query, place): (u8, String, Vec<String>) =
            serde_json::from_slice(&text).ok()?;
        if version != VERSION {
            return None;
        }
        let fields = self.keyset.fields;
        let values = fields
            .iter()
            .zip(&place)
            .map(|((_, kind), text)| kind.read(text));
        let fits = place.len() == fields.len();
        Some((query, values.collect::<Option<_>>().filter(|_| fits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyset::Kind;

    static KEYSET: Keyset = Keyset {
        name: "at",
        fields: &[("at", Kind::Time), ("_id", Kind::Text)],
        descending: true,
    };

    fn paging(filter: Document) -> Paging {
        Paging::of("things", &KEYSET, &filter).unwrap()
    }

    #[test]
    fn leads_back_to_its_place_in_its_own_query_only() {
        let at = bson::DateTime::from_millis(1_795_000_000_123);
        let last = bson::rawdoc! { "_id": "o-1", "at": at };
        let cursor = paging(doc! { "a": 1 }).cursor(&last).unwrap();
        let after = paging(doc! { "a": 1 }).after(&cursor).ok();
        assert_eq!(after, Some(KEYSET.after(&[at.into(), "o-1".into()])));
        let fault = |paging: Paging, cursor: &str| paging.after(cursor).unwrap_err().kind;
        assert_eq!(
            fault(paging(doc! { "a": 2 }), &cursor),
            ProblemType::CursorOfAnotherQuery
        );
        for foreign in ["", "!!", "MQ", "MiAxIG8", "\u{fc}"] {
            assert_eq!(
                fault(paging(doc! {}), foreign),
                ProblemType::InvalidCursor,
                "{foreign}"
            );
        }
    }
}
