//! Totals over many orders. Nothing is incremented in MongoDB: each is written whole, as computed
//! from the orders' documents, so that nothing that comes twice, or half, can make it drift.

mod customer_summary;
mod dirty;
mod last_written;
mod part;
mod recompute;
mod restaurant_day;
mod tally;

pub(crate) use customer_summary::CustomerSummary;
pub(crate) use dirty::Dirty;
pub(crate) use last_written::LastWritten;
pub use part::Part;
pub use recompute::recompute_all;
pub(crate) use recompute::{recompute, recompute_changed, recompute_one_order};
pub(crate) use restaurant_day::RestaurantDay;
pub use tally::Tally;

use bson::{Document, RawDocument};
use mongodb::IndexModel;
use read_models::Generation;

/// One kind of total over the documents of a projection of orders.
pub trait Total: Send + Sync {
    fn name(&self) -> &'static str;

    fn collection(&self, generation: &Generation) -> String;

    fn indexes(&self) -> Vec<IndexModel>;

    /// The id of the total that an order's document counts in.
    fn key(&self, order: &RawDocument) -> Option<String>;

    /// The fields that [`Self::key`] looks at.
    fn key_fields(&self) -> &'static [&'static str];

    /// Which documents count in the totals with these ids, in as few questions as an index can
    /// answer.
    fn selections(&self, keys: &[String]) -> Vec<Selection>;

    /// The total of what counts in it. Pure.
    fn document(&self, key: &str, revision: i64, tally: &Tally) -> bson::error::Result<Document>;
}

/// Documents that count in totals, and which in which one.
pub struct Selection {
    pub filter: Document,
    /// The field that, behind this prefix, is the total's id.
    pub field: &'static str,
    pub prefix: String,
}
