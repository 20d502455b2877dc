use std::collections::BTreeMap;

use bson::RawDocumentBuf;
use read_models::OrderDocument;

use crate::totals::{Tally, Total};
use crate::{OrderProjection, OrderView, ProjectorError};

/// The totals of the orders as they were folded from the store: by the total's place in the
/// projection's list, and its id.
#[derive(Default)]
pub(super) struct FoldedTotals(BTreeMap<usize, BTreeMap<String, Tally>>);

impl FoldedTotals {
    pub fn add(&mut self, order: &OrderDocument) -> Result<(), ProjectorError> {
        let order: RawDocumentBuf = bson::serialize_to_raw_document_buf(order)?;
        for (place, total) in totals() {
            if let (Some(key), Some(tally)) = (total.key(&order), Tally::of(&order)) {
                let of_kind = self.0.entry(place).or_default();
                of_kind.entry(key).or_default().add(tally);
            }
        }
        Ok(())
    }

    /// All of one kind.
    pub fn take(&mut self, place: usize) -> BTreeMap<String, Tally> {
        self.0.remove(&place).unwrap_or_default()
    }
}

/// Every kind of total there is, with its place.
pub(super) fn totals() -> impl Iterator<Item = (usize, &'static dyn Total)> {
    OrderView::totals().iter().copied().enumerate()
}
