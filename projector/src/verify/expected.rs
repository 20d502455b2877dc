use cqrs_es::Aggregate;
use domain::contract::PublishedOrderEvent;
use domain::order::Order;
use read_models::OrderDocument;

use crate::history::{Digest, Entry};
use crate::order_view::project;

/// What the store's events of one order make of it everywhere else.
pub(super) struct Expected {
    pub version: u64,
    pub state: Order,
    pub document: OrderDocument,
    /// Of the newest event, as it is published.
    pub newest: Digest,
}

impl Expected {
    /// Folds a whole stream, which has an event at least; says why where it cannot be folded.
    pub fn of(stream: &[Entry]) -> Result<Self, String> {
        let mut state = Order::default();
        let mut document = None;
        let mut newest = None;
        for (version, entry) in (1..).zip(stream) {
            let stored = entry.as_ref().map_err(ToString::to_string)?;
            if stored.envelope.version != version {
                let found = stored.envelope.version;
                return Err(format!(
                    "version {found} is stored where {version} should be"
                ));
            }
            let event = PublishedOrderEvent {
                envelope: stored.envelope.clone(),
                content: stored.event.clone().into(),
            };
            state.apply(stored.event.clone());
            document = Some(project(document, &event).map_err(|e| e.to_string())?);
            newest = Some(event);
        }
        let (Some(document), Some(newest)) = (document, newest) else {
            return Err("there is no event".to_owned());
        };
        let json = newest.to_json().map_err(|e| e.to_string())?;
        Ok(Self {
            version: newest.envelope.version,
            state,
            document,
            newest: Digest::of(json.as_bytes()),
        })
    }
}
