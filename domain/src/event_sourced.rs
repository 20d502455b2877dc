use cqrs_es::Aggregate;

use crate::Upcaster;
use crate::contract::Envelope;

/// What the store needs to know of an aggregate beyond its rules. The store itself names none, so
/// that any aggregate can use it.
pub trait EventSourced: Aggregate {
    /// The table with one row an aggregate: `id`, `version`, `state` (the aggregate as JSON),
    /// `created_at`, `updated_at`. Its primary key is called `{table}_pkey`.
    const STATE_TABLE: &'static str;
    /// What has changed in the stored events. `event_version` of an event is what they lead to:
    /// [`crate::newest_version`].
    const UPCASTERS: &'static [Upcaster] = &[];

    /// Of the JSON that [`Self::publish`] writes for this event.
    fn published_schema_version(event: &Self::Event) -> u32;

    /// The stored event as the topic shows it: one JSON object.
    fn publish(envelope: Envelope, event: Self::Event) -> Result<String, serde_json::Error>;
}
