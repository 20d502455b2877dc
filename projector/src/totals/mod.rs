//! Totals over many orders. Never incremented: each is computed anew from the orders' documents,
//! so that nothing that comes twice, or half, can make it drift.

mod customer_summary;
mod dirty;
mod part;
mod recompute;
mod restaurant_day;

pub(crate) use customer_summary::CustomerSummary;
pub(crate) use dirty::Dirty;
pub use part::Part;
pub use recompute::recompute_all;
pub(crate) use recompute::{recompute, recompute_one_order};
pub(crate) use restaurant_day::RestaurantDay;

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

    /// The total of these parts: all there are. Pure.
    fn document(&self, key: &str, revision: i64, parts: &[Part]) -> bson::error::Result<Document>;
}

/// Documents that count in totals, and which in which one.
pub struct Selection {
    pub filter: Document,
    /// The field that, behind this prefix, is the total's id.
    pub field: &'static str,
    pub prefix: String,
}
