use bson::DateTime;
use domain::contract::{OrderContent, PublishedOrderEvent};
use domain::order::{IllegalEvent, OrderStatus};
use read_models::{ItemDocument, OrderDocument};

/// The projection `order_view`: everything about one order in one document. Pure.
pub fn project(
    document: Option<OrderDocument>,
    event: &PublishedOrderEvent,
) -> Result<OrderDocument, IllegalEvent> {
    let status = OrderStatus::after(document.as_ref().map(|d| d.status), event.kind())?;
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
            held_back: None,
        },
        (_, document) => document.ok_or_else(illegal)?,
    };
    match &event.content {
        OrderContent::Created(_) => {}
        OrderContent::Confirmed { payment_id } => document.payment_id = Some(payment_id.clone()),
        OrderContent::Cancelled { reason } => document.cancel_reason = Some(reason.clone()),
    }
    document.status = status;
    document.version = event.envelope.version as i64;
    document.updated_at = at;
    Ok(document)
}
