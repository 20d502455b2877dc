use serde_json::Value;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{NewDeadLetter, Place};
use crate::{Database, EventStoreError};

/// The table of everything that could not be published or applied.
#[derive(Clone)]
pub struct DeadLetters {
    pub(super) database: Database,
}

/// An item that is on the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub id: Uuid,
    /// False where it was there already: the failure was repeated.
    pub new: bool,
}

impl DeadLetters {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Puts an item on the desk unless it is there.
    pub async fn record(&self, item: &NewDeadLetter) -> Result<Recorded, EventStoreError> {
        let id = item.id();
        let (outbox_id, partition, offset) = match item.place {
            Place::Outbox(outbox_id) => (Some(outbox_id), None, None),
            Place::Topic { partition, offset } => (None, Some(partition), Some(offset)),
            Place::Store(_) => (None, None, None),
        };
        let original = &item.original;
        let names: Vec<String> = original.headers.iter().map(|(n, _)| text(n)).collect();
        let values: Vec<Option<&[u8]>> =
            original.headers.iter().map(|(_, v)| v.as_deref()).collect();
        let subject = &item.subject;
        let of = |field: &Option<String>| field.as_deref().map(text);
        let parameters: [&(dyn ToSql + Sync); 17] = [
            &id,
            &item.source.as_str(),
            &item.reason.as_str(),
            &text(&item.error_message),
            &text(&original.topic),
            &partition,
            &offset,
            &outbox_id,
            &original.key,
            &original.value,
            &names,
            &values,
            &of(&subject.aggregate_type),
            &of(&subject.aggregate_id),
            &subject.version.and_then(|v| i64::try_from(v).ok()),
            &of(&subject.event_type),
            &metadata(&item.metadata),
        ];
        let sql = "INSERT INTO dead_letters
                 (id, source, reason, error_message, topic, partition, \"offset\", outbox_id, key,
                  value, header_names, header_values, aggregate_type, aggregate_id, version,
                  event_type, metadata, retry_count)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0)
             ON CONFLICT (id) DO NOTHING";
        let new = self.database.execute(sql, &parameters).await? > 0;
        Ok(Recorded { id, new })
    }
}

/// Postgres's text has no NUL; a record's texts may.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn metadata(value: &Value) -> Value {
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Array(items) => items.iter().map(metadata).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(k, v)| (text(k), metadata(v)))
            .collect(),
        other => other.clone(),
    }
}
