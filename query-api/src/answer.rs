use axum::response::{IntoResponse, Response};
use domain::contract::{PublishedItem, money_number};
use domain::order::OrderStatus;
use domain::{CancelReason, CustomerId, Money, OccurredOn, PaymentId, RestaurantId};
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use read_models::{HeldBack, OrderDocument};
use serde::Serialize;

/// An order as this API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderAnswer {
    order_id: String,
    version: i64,
    status: OrderStatus,
    customer_id: CustomerId,
    restaurant_id: RestaurantId,
    #[serde(with = "money_number")]
    total_amount: Money,
    items: Vec<PublishedItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<CancelReason>,
    created_at: String,
    updated_at: String,
    /// Later events wait until this dead letter is resolved: what is shown is the last good state.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_back: Option<HeldBack>,
}

impl From<OrderDocument> for OrderAnswer {
    fn from(order: OrderDocument) -> Self {
        Self {
            order_id: order.order_id,
            version: order.version,
            status: order.status,
            customer_id: order.customer_id,
            restaurant_id: order.restaurant_id,
            total_amount: order.total_amount,
            items: order
                .items
                .into_iter()
                .map(|item| PublishedItem {
                    menu_item_id: item.menu_item_id,
                    name: item.name,
                    price: item.price,
                    quantity: item.quantity,
                })
                .collect(),
            payment_id: order.payment_id,
            cancel_reason: order.cancel_reason,
            created_at: shown(order.created_at),
            updated_at: shown(order.updated_at),
            held_back: order.held_back,
        }
    }
}

/// BSON dates reach further than this calendar; the ends stand in for what lies beyond.
fn shown(at: bson::DateTime) -> String {
    let at = Timestamp::from_millisecond(at.timestamp_millis()).unwrap_or(Timestamp::MAX);
    OccurredOn::new(at).to_string()
}

pub fn json(body: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], body).into_response()
}
