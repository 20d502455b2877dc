use domain::contract::PublishedOrderEvent;
use read_models::OrderDocument;

use super::Entry;
use crate::order_view::project;

/// The fold of one order's stored events into its document.
#[derive(Default)]
pub(super) struct Fold {
    pub document: Option<OrderDocument>,
}

impl Fold {
    fn version(&self) -> u64 {
        self.document.as_ref().map_or(0, |d| d.version as u64)
    }

    /// Why the event cannot follow what was folded so far. The fold is then of no further use.
    pub fn apply(&mut self, event: &PublishedOrderEvent) -> Result<(), String> {
        let (version, next) = (event.envelope.version, self.version() + 1);
        if version != next {
            return Err(format!(
                "version {version} is stored where {next} should be"
            ));
        }
        let folded = project(self.document.take(), event).map_err(|e| e.to_string())?;
        self.document = Some(folded);
        Ok(())
    }
}

/// The order whose events are being folded, page by page.
pub(super) struct Folding {
    pub order_id: String,
    /// None once an event could not be folded.
    pub fold: Option<Fold>,
}

/// The document that the stored events up to `version` make.
pub(super) fn fold_to(version: i64, stream: Vec<Entry>) -> Result<OrderDocument, String> {
    let mut fold = Fold::default();
    for entry in stream {
        if i64::try_from(fold.version()).is_ok_and(|reached| reached >= version) {
            break;
        }
        let stored = entry.map_err(|unreadable| unreadable.to_string())?;
        fold.apply(&PublishedOrderEvent {
            envelope: stored.envelope,
            content: stored.event.into(),
        })?;
    }
    fold.document
        .filter(|document| document.version == version)
        .ok_or_else(|| format!("the store has no version {version}"))
}
