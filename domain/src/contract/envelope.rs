use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::OccurredOn;

/// What every published event carries, whatever it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// [`crate::event_id`] of type, id and version.
    pub event_id: Uuid,
    pub event_type: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// The aggregate's version after this event: 1, 2, 3 … without a gap.
    pub version: u64,
    /// Of this event type's content on the topic, not in the store.
    pub schema_version: u32,
    pub occurred_on: OccurredOn,
    /// Shared by everything that one request set in motion.
    pub correlation_id: String,
    /// The command, or event, that led to this event.
    pub causation_id: String,
}
