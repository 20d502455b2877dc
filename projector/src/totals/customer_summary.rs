use bson::{Bson, Document, RawDocument, doc};
use mongodb::IndexModel;
use read_models::{AmountDocument, CustomerSummaryDocument, Generation};

use super::part::{by_status, confirmed};
use super::{Selection, Tally, Total};

/// All orders of a customer.
pub(crate) struct CustomerSummary;

impl Total for CustomerSummary {
    fn name(&self) -> &'static str {
        CustomerSummaryDocument::NAME
    }

    fn collection(&self, generation: &Generation) -> String {
        CustomerSummaryDocument::collection(generation)
    }

    fn indexes(&self) -> Vec<IndexModel> {
        CustomerSummaryDocument::indexes()
    }

    fn key(&self, order: &RawDocument) -> Option<String> {
        order.get_str("customerId").ok().map(str::to_owned)
    }

    fn key_fields(&self) -> &'static [&'static str] {
        &["customerId"]
    }

    fn selections(&self, keys: &[String]) -> Vec<Selection> {
        vec![Selection {
            filter: doc! { "customerId": { "$in": keys } },
            field: "customerId",
            prefix: String::new(),
        }]
    }

    fn document(&self, key: &str, revision: i64, tally: &Tally) -> bson::error::Result<Document> {
        let spent = confirmed(&tally.parts).into_iter();
        bson::serialize_to_document(&CustomerSummaryDocument {
            customer_id: bson::deserialize_from_bson(Bson::from(key))?,
            revision,
            orders: by_status(&tally.parts),
            spent: spent
                .map(|(currency, _, amount)| AmountDocument { currency, amount })
                .collect(),
            first_order_at: tally.first,
            last_order_at: tally.last,
        })
    }
}
