use bson::DateTime;
use domain::contract::{OrderContent, PublishedOrderEvent};
use domain::order::{IllegalEvent, OrderStatus};
use mongodb::IndexModel;
use read_models::{ChangedFields, ItemDocument, OrderDocument, TransitionDocument};

use crate::OrderProjection;
use crate::totals::{CustomerSummary, RestaurantDay, Total};

/// Everything about one order in one document.
pub struct OrderView;

impl OrderProjection for OrderView {
    const NAME: &'static str = OrderDocument::PROJECTION;
    const SCHEMA_VERSION: u32 = OrderDocument::SCHEMA_VERSION;
    type Document = OrderDocument;

    fn indexes() -> Vec<IndexModel> {
        OrderDocument::indexes()
    }

    fn apply(
        document: Option<OrderDocument>,
        event: &PublishedOrderEvent,
    ) -> Result<OrderDocument, IllegalEvent> {
        project(document, event)
    }

    fn totals() -> &'static [&'static dyn Total] {
        &[&CustomerSummary, &RestaurantDay]
    }
}

/// The fold of `order_view`. Pure.
pub fn project(
    document: Option<OrderDocument>,
    event: &PublishedOrderEvent,
) -> Result<OrderDocument, IllegalEvent> {
    let status_before = document.as_ref().map(|d| d.status);
    let status = OrderStatus::after(status_before, event.kind())?;
    let at = DateTime::from_millis(event.envelope.occurred_on.timestamp().as_millisecond());
    let illegal = || IllegalEvent {
        status: None,
        event: event.kind(),
    };
    let mut document = match (&event.content, document) {
        (OrderContent::Created(order), _) => OrderDocument {
            order_id: event.envelope.aggregate_id.clone(),
            version: 0,
            status,
            customer_id: order.customer_id.clone(),
            restaurant_id: order.restaurant_id.clone(),
            total_amount: order.total_amount,
            currency: order.currency.clone(),
            items: order
                .items
                .iter()
                .map(|item| ItemDocument {
                    menu_item_id: item.menu_item_id.clone(),
                    name: item.name.clone(),
                    price: item.price,
                    quantity: item.quantity,
                })
                .collect(),
            payment_id: None,
            cancel_reason: None,
            created_at: at,
            updated_at: at,
            timeline: Vec::new(),
            held_back: None,
        },
        (_, document) => document.ok_or_else(illegal)?,
    };
    let mut changed = ChangedFields {
        status_before,
        status,
        payment_id: None,
        cancel_reason: None,
    };
    match &event.content {
        OrderContent::Created(_) => {}
        OrderContent::Confirmed { payment_id, .. } => {
            changed.payment_id = Some(payment_id.clone());
            document.payment_id = Some(payment_id.clone());
        }
        OrderContent::Cancelled { reason, .. } => {
            changed.cancel_reason = Some(reason.clone());
            document.cancel_reason = Some(reason.clone());
        }
        // What the status says.
        OrderContent::StockReserved { .. }
        | OrderContent::PaymentPending { .. }
        | OrderContent::PaymentAuthorized { .. }
        | OrderContent::Paid { .. }
        | OrderContent::PaymentFailed { .. }
        | OrderContent::Failed { .. } => {}
    }
    document.status = status;
    document.version = event.envelope.version as i64;
    document.updated_at = at;
    document.timeline.push(TransitionDocument {
        event_id: event.envelope.event_id.to_string(),
        event_type: event.kind(),
        version: document.version,
        at,
        correlation_id: event.envelope.correlation_id.clone(),
        changed,
    });
    Ok(document)
}
