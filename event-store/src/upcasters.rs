use std::sync::Arc;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};

/// All upcasters of a store, in order, shared by whatever reads its events. To `cqrs-es` they are
/// one.
#[derive(Clone)]
pub(crate) struct Upcasters(Arc<[Box<dyn EventUpcaster>]>);

impl Upcasters {
    pub fn new(upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        Self(upcasters.into())
    }
}

impl EventUpcaster for Upcasters {
    fn can_upcast(&self, _: &str, _: &str) -> bool {
        true
    }

    fn upcast(&self, event: SerializedEvent) -> SerializedEvent {
        self.0.iter().fold(event, |event, upcaster| {
            if upcaster.can_upcast(&event.event_type, &event.event_version) {
                upcaster.upcast(event)
            } else {
                event
            }
        })
    }
}
