use bson::doc;
use domain::contract::{OrderContent, PublishedOrderEvent};
use domain::order::IllegalEvent;
use mongodb::IndexModel;
use projector::OrderProjection;
use serde::{Deserialize, Serialize};

/// Why orders were cancelled.
pub struct Cancellations;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cancellation {
    pub reason: Option<String>,
}

impl OrderProjection for Cancellations {
    const NAME: &'static str = "cancellations";
    const SCHEMA_VERSION: u32 = 1;
    type Document = Cancellation;

    fn indexes() -> Vec<IndexModel> {
        vec![IndexModel::builder().keys(doc! { "reason": 1 }).build()]
    }

    fn apply(
        document: Option<Cancellation>,
        event: &PublishedOrderEvent,
    ) -> Result<Cancellation, IllegalEvent> {
        let mut document = document.unwrap_or_default();
        if let OrderContent::Cancelled { reason, .. } = &event.content {
            document.reason = Some(reason.as_str().to_owned());
        }
        Ok(document)
    }
}
