use super::{Content, Envelope};

/// An event as its topic carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published<C> {
    pub envelope: Envelope,
    pub content: C,
}

/// Why a record is not an event this code can read.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    #[error("not an event: {0}")]
    Envelope(#[source] serde_json::Error),
    #[error("unknown event type {0:?}")]
    UnknownEventType(String),
    #[error("{event_type} has schema version {found}, this code knows {known}")]
    UnknownSchemaVersion {
        event_type: &'static str,
        found: u32,
        known: u32,
    },
    #[error("{event_type} has unexpected content: {source}")]
    Content {
        event_type: &'static str,
        source: serde_json::Error,
    },
}

impl<C: Content> Published<C> {
    /// Reads a record's value. An older schema version is brought up to the newest one, the
    /// envelope's number included: one event is one value, however old its record.
    pub fn parse(json: &[u8]) -> Result<Self, ContractError> {
        let mut envelope: Envelope =
            serde_json::from_slice(json).map_err(ContractError::Envelope)?;
        let (event_type, known) = C::known(&envelope.event_type)
            .ok_or_else(|| ContractError::UnknownEventType(envelope.event_type.clone()))?;
        let found = envelope.schema_version;
        if !(1..=known).contains(&found) {
            return Err(ContractError::UnknownSchemaVersion {
                event_type,
                found,
                known,
            });
        }
        envelope.schema_version = known;
        match C::read(event_type, found, json) {
            Ok(content) => Ok(Self { envelope, content }),
            Err(source) => Err(ContractError::Content { event_type, source }),
        }
    }

    /// The record's value: one flat object, the envelope's fields first.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let envelope = serde_json::to_string(&self.envelope)?;
        let content = self.content.write()?;
        // Both are objects with at least one field: joined at the braces, since serde's `flatten`
        // would lose the amounts' own text.
        let joined = [&envelope[..envelope.len() - 1], &content[1..]].join(",");
        Ok(joined)
    }
}
