use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::{EventSourced, Upcaster, newest_version, upcast};
use serde_json::{Value, json};

/// An aggregate's upcasters, for whatever reads its events. To `cqrs-es` they are one.
#[derive(Clone, Copy)]
pub(crate) struct Upcasters(&'static [Upcaster]);

impl Upcasters {
    pub fn of<A: EventSourced>() -> Self {
        Self(A::UPCASTERS)
    }
}

impl EventUpcaster for Upcasters {
    fn can_upcast(&self, _: &str, _: &str) -> bool {
        true
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        let newest = newest_version(self.0, &event.event_type);
        if let Ok(stored) = event.event_version.parse() {
            let payload = event.payload.take();
            let (reached, payload) = upcast(self.0, &event.event_type, stored, payload);
            if reached == newest {
                event.event_version = newest.to_string();
                event.payload = payload;
                return event;
            }
        }
        event.payload = unknown(&event.event_type, &event.event_version, newest);
        event
    }
}

/// A payload of another version might parse, and mean something else. This one does not, and the
/// error says what it would have been: upcasters cannot fail by themselves.
fn unknown(event_type: &str, version: &str, newest: u32) -> Value {
    let what = format!("{event_type} of schema version {version:?}, newest known {newest}");
    json!({ what: null })
}
