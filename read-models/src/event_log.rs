use bson::{DateTime, doc};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use serde::{Deserialize, Serialize};

/// A record as it was on a topic, whatever it was. What cannot be read of it is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRecord {
    /// Topic, partition and offset: `order-events/3/1712`.
    #[serde(rename = "_id")]
    pub id: String,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<LoggedBytes>,
    pub event_id: Option<String>,
    pub event_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub version: Option<i64>,
    pub correlation_id: Option<String>,
    /// W3C trace context. Records logged before it was kept do not have it.
    #[serde(default)]
    pub traceparent: Option<String>,
    /// Who published it, as its headers say.
    pub source: Option<String>,
    /// When the event happened, in milliseconds as BSON dates are; the payload has microseconds.
    pub occurred_on: Option<DateTime>,
    /// Published once more, by a replay.
    pub replayed: bool,
    pub payload: Option<LoggedBytes>,
}

/// A text where the bytes are one: then it is the record's own, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LoggedBytes {
    Text(String),
    Binary(bson::Binary),
}

impl LoggedBytes {
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Binary(bson::Binary {
                subtype: bson::spec::BinarySubtype::Generic,
                bytes: bytes.to_vec(),
            }),
        }
    }
}

impl LoggedRecord {
    pub const PROJECTION: &str = "event_log";
    pub const SCHEMA_VERSION: u32 = 1;

    pub fn indexes() -> Vec<IndexModel> {
        let unique = IndexOptions::builder().unique(true).build();
        let place = IndexModel::builder()
            .keys(doc! { "topic": 1, "partition": 1, "offset": 1 })
            .options(unique)
            .build();
        let others = [
            doc! { "aggregateId": 1, "version": 1 },
            doc! { "correlationId": 1 },
            doc! { "eventType": 1, "occurredOn": -1, "partition": -1, "offset": -1 },
        ];
        let others = others.map(|keys| IndexModel::builder().keys(keys).build());
        std::iter::once(place).chain(others).collect()
    }
}
