use axum::response::{IntoResponse, Response};
use domain::contract::{PublishedItem, money_number};
use domain::order::OrderStatus;
use domain::{CancelReason, Currency, CustomerId, Money, OccurredOn, PaymentId, RestaurantId};
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use read_models::{HeldBack, OrderDocument};
use serde::Serialize;
use utoipa::ToSchema;

use crate::schemas::{Amount, HeldBackBody, ItemBody, Status};

/// An order as this API shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub struct OrderAnswer {
    #[schema(example = "0192f0c1-2b3c-7d4e-8f50-6172839405a6")]
    order_id: String,
    #[schema(minimum = 1, example = 2)]
    version: i64,
    #[schema(value_type = Status)]
    status: OrderStatus,
    #[schema(value_type = String, example = "customer-123")]
    customer_id: CustomerId,
    #[schema(value_type = String, example = "restaurant-456")]
    restaurant_id: RestaurantId,
    #[serde(with = "money_number")]
    #[schema(value_type = Amount)]
    total_amount: Money,
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Currency,
    #[schema(value_type = Vec<ItemBody>)]
    items: Vec<PublishedItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "payment-1")]
    payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "changed my mind")]
    cancel_reason: Option<CancelReason>,
    #[schema(format = DateTime, example = "2026-11-21T10:00:00.123000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-11-21T10:05:00.456000Z")]
    updated_at: String,
    /// Later events wait until this dead letter is resolved: what is shown is the last good state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<HeldBackBody>, nullable = false)]
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
            currency: order.currency,
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
pub fn shown(at: bson::DateTime) -> String {
    let at = Timestamp::from_millisecond(at.timestamp_millis()).unwrap_or(Timestamp::MAX);
    OccurredOn::new(at).to_string()
}

pub fn json(body: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], body).into_response()
}
