use serde::{Deserialize, Serialize};

/// Which generation of a projection answers queries: one document a projection, in the collection
/// `projections`. Writing it is the switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectionPointer {
    #[serde(rename = "_id")]
    pub projection: String,
    pub live: Generation,
    /// The number of the one that answered before: a rollback leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u32>,
}

/// One filling of a projection: its collection, and the consumer group that keeps it fresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    pub number: u32,
    /// Of the documents. Code that knows another one leaves this generation alone.
    pub schema_version: u32,
    pub collection: String,
    pub group: String,
}

impl ProjectionPointer {
    pub const COLLECTION: &str = "projections";
}

impl Generation {
    /// Names carry the number; the group carries the database's name too, since a broker may serve
    /// several.
    pub fn new(database: &str, projection: &str, number: u32, schema_version: u32) -> Self {
        Self {
            number,
            schema_version,
            collection: format!("{projection}_{number}"),
            group: format!("{database}.{projection}.{number}"),
        }
    }
}
