use cqrs_es::Aggregate;

use crate::contract::Envelope;

/// What the store needs to know of an aggregate beyond its rules. The store itself names none, so
/// that any aggregate can use it.
pub trait EventSourced: Aggregate {
    /// The table with one row an aggregate: `id`, `version`, `state` (the aggregate as JSON),
    /// `created_at`, `updated_at`. Its primary key is called `{table}_pkey`.
    const STATE_TABLE: &'static str;
    /// Of the JSON that [`Self::publish`] writes.
    const PUBLISHED_SCHEMA_VERSION: u32;

    /// The stored event as the topic shows it: one JSON object.
    fn publish(envelope: Envelope, event: Self::Event) -> Result<String, serde_json::Error>;
}
