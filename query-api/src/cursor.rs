use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bson::{DateTime, Document, doc};

/// The place of the last order of a page in the list's order: creation time, then id. Paging shows
/// no order twice, and none is left out that was in the list when it began; one that arrives
/// meanwhile with an earlier time than the cursor's is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: DateTime,
    pub order_id: String,
}

impl Cursor {
    /// Opaque to callers.
    pub fn encode(&self) -> String {
        let place = format!("1 {} {}", self.created_at.timestamp_millis(), self.order_id);
        URL_SAFE_NO_PAD.encode(place)
    }

    /// `None` for what this API did not make.
    pub fn decode(text: &str) -> Option<Self> {
        let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = place.splitn(3, ' ');
        if parts.next()? != "1" {
            return None;
        }
        let created_at = DateTime::from_millis(parts.next()?.parse().ok()?);
        let order_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        Some(Self {
            created_at,
            order_id,
        })
    }

    /// What comes after this place in the order newest first, equal times by descending id.
    pub fn after(&self) -> Document {
        doc! { "$or": [
            { "createdAt": { "$lt": self.created_at } },
            { "createdAt": self.created_at, "_id": { "$lt": &self.order_id } },
        ] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_text_and_refuses_others() {
        let cursor = Cursor {
            created_at: DateTime::from_millis(1_795_000_000_123),
            order_id: "o-1".to_owned(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for other in ["", "!!", "MQ", "MiAxIG8", "\u{fc}"] {
            assert_eq!(Cursor::decode(other), None, "{other}");
        }
    }
}
