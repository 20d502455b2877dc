use serde::Deserialize;

use super::Envelope;

/// What stands on the topic in the place of an event that could not be published and was given
/// up: the same key, headers, id, type and version, and no content, so that the order's versions
/// have no gap. Whoever needs the content reads it from the event store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub(pub Envelope);

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Mark {
    content_omitted: bool,
}

impl Stub {
    /// The stub of a record's value; `None` where the value carries no envelope.
    pub fn of(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok().map(Self)
    }

    /// Reads a record's value; `None` where it is no stub.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mark: Mark = serde_json::from_slice(value).ok()?;
        mark.content_omitted.then(|| Self::of(value)).flatten()
    }

    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let envelope = serde_json::to_string(&self.0)?;
        // An object with at least one field.
        Ok(format!(
            "{},\"contentOmitted\":true}}",
            &envelope[..envelope.len() - 1]
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"eventId":"34d6c9f6-e0b7-56b1-8d0c-7d6ea6e0d6a2","eventType":"OrderConfirmed","aggregateType":"Order","aggregateId":"o-1","version":2,"schemaVersion":1,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"c-1","causationId":"k-1","paymentId":"p-1"}"#;

    #[test]
    fn keeps_the_envelope_and_says_what_is_missing() {
        let stub = Stub::of(EVENT.as_bytes()).unwrap();
        let json = stub.to_json().unwrap();
        assert_eq!(
            json,
            EVENT.replace(r#""paymentId":"p-1""#, r#""contentOmitted":true"#)
        );
        assert_eq!(Stub::parse(json.as_bytes()), Some(stub));
        assert_eq!(Stub::parse(EVENT.as_bytes()), None);
        assert_eq!(Stub::of(b"poison"), None);
    }
}
