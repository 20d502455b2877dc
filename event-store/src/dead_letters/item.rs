use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::OccurredOn;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Reason, Source, State};
use crate::EventStoreError;

/// An item as lists show it: everything but the record itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub id: Uuid,
    /// Its place in lists.
    #[serde(skip)]
    pub position: i64,
    pub source: Source,
    pub reason: Reason,
    pub state: State,
    pub error_message: String,
    pub topic: String,
    pub partition: Option<i32>,
    pub offset: Option<i64>,
    pub outbox_id: Option<Uuid>,
    pub aggregate_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub version: Option<i64>,
    pub event_type: Option<String>,
    /// In bytes.
    pub value_length: Option<i32>,
    pub retry_count: i32,
    pub failed_at: OccurredOn,
    pub last_attempt_at: OccurredOn,
    pub acted_by: Option<String>,
    pub action_reason: Option<String>,
    pub state_since: OccurredOn,
    /// On the dead-letter topic.
    pub published_at: Option<OccurredOn>,
}

/// A whole item, with the record that failed, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    #[serde(flatten)]
    pub summary: Summary,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    /// In the record's order; a name may stand more than once.
    pub headers: Vec<Header>,
    pub metadata: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    pub name: String,
    pub value: Option<Bytes>,
}

/// A part of a record. In JSON `{"text": "…"}` where it is UTF-8, else `{"base64": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match std::str::from_utf8(&self.0) {
            Ok(text) => map.serialize_entry("text", text)?,
            Err(_) => map.serialize_entry("base64", &STANDARD.encode(&self.0))?,
        }
        map.end()
    }
}

/// The columns [`summary`] reads, in its order.
pub(super) const SUMMARY_COLUMNS: &str =
    "id, position, source, reason, state, error_message, topic,
     partition, \"offset\", outbox_id, aggregate_type, aggregate_id, version, event_type,
     octet_length(value), retry_count, failed_at, last_attempt_at, acted_by, action_reason,
     state_since, published_at";

/// The columns [`dead_letter`] reads after those of the summary.
pub(super) const RECORD_COLUMNS: &str = "key, value, header_names, header_values, metadata";

pub(super) fn summary(row: &Row) -> Result<Summary, EventStoreError> {
    Ok(Summary {
        id: row.get(0),
        position: row.get(1),
        source: name(row, 2)?,
        reason: name(row, 3)?,
        state: name(row, 4)?,
        error_message: row.get(5),
        topic: row.get(6),
        partition: row.get(7),
        offset: row.get(8),
        outbox_id: row.get(9),
        aggregate_type: row.get(10),
        aggregate_id: row.get(11),
        version: row.get(12),
        event_type: row.get(13),
        value_length: row.get(14),
        retry_count: row.get(15),
        failed_at: OccurredOn::new(row.get(16)),
        last_attempt_at: OccurredOn::new(row.get(17)),
        acted_by: row.get(18),
        action_reason: row.get(19),
        state_since: OccurredOn::new(row.get(20)),
        published_at: row.get::<_, Option<_>>(21).map(OccurredOn::new),
    })
}

pub(super) fn dead_letter(row: &Row) -> Result<DeadLetter, EventStoreError> {
    let bytes = |column| row.get::<_, Option<Vec<u8>>>(column).map(Bytes);
    let names: Vec<String> = row.get(24);
    let values: Vec<Option<Vec<u8>>> = row.get(25);
    let headers = names.into_iter().zip(values).map(|(name, value)| Header {
        name,
        value: value.map(Bytes),
    });
    Ok(DeadLetter {
        summary: summary(row)?,
        key: bytes(22),
        value: bytes(23),
        headers: headers.collect(),
        metadata: row.get(26),
    })
}

/// A later release may know names that this one does not.
pub(super) fn name<T>(row: &Row, column: usize) -> Result<T, EventStoreError>
where
    T: std::str::FromStr<Err = String>,
{
    let text: &str = row.get(column);
    text.parse()
        .map_err(|fault| EventStoreError::Unreadable(format!("{text:?} {fault}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_where_they_can_be() {
        let json = |bytes: &[u8]| serde_json::to_string(&Bytes(bytes.to_vec())).unwrap();
        assert_eq!(json("Käse\0".as_bytes()), r#"{"text":"Käse\u0000"}"#);
        assert_eq!(json(b"\xff\x00"), r#"{"base64":"/wA="}"#);
    }
}
