use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::OccurredOn;

/// What every published event carries, whatever it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// [`crate::event_id`] of type, id and version.
    #[cfg_attr(
        test,
        schemars(
            description = "UUIDv5 of aggregate type, id and version: a repeat carries the same"
        )
    )]
    pub event_id: Uuid,
    pub event_type: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// The aggregate's version after this event: 1, 2, 3 … without a gap.
    pub version: u64,
    /// Of this event type's content on the topic, not in the store.
    pub schema_version: u32,
    #[cfg_attr(test, schemars(schema_with = "super::schema::time"))]
    pub occurred_on: OccurredOn,
    /// Shared by everything that one request set in motion.
    pub correlation_id: String,
    /// The command, or event, that led to this event.
    pub causation_id: String,
}
