//! What the API's OpenAPI document says of requests and answers. What is read is read by
//! [`Fields`](crate::fields::Fields), which names every fault at once.

use domain::order::OrderStatus;
use domain::{Currency, Money};
use runtime::http::ProblemType;
use runtime::http::openapi::problem_responses;
use serde::Deserialize;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

/// Not blank, and without control characters.
const TEXT: &str = r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$";

/// Headers of whatever changes something.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes what `Head` reads")]
pub struct CommandHeaders {
    /// Made for this command by its sender: sent again with the same key and content it gets the
    /// first answer, for 24 hours
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        pattern = r#"^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#,
        example = "9f0b2f6c-6d0f-4b0e-8f7e-0d3a52b1c0aa"
    )]
    idempotency_key: Option<String>,
}

/// The version that the caller decided on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes what `IfMatch` reads")]
pub struct IfMatchHeader {
    /// An order's ETag as it was given, or `*`; 412 where the order has moved on
    #[param(
        rename = "If-Match",
        nullable = false,
        pattern = r#"^(\*|"[0-9]{1,19}")$"#,
        example = "\"1\""
    )]
    if_match: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewOrder, example = json!({
    "customerId": "customer-123", "restaurantId": "restaurant-456", "totalAmount": 45.99,
    "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 2}],
}))]
#[expect(dead_code, reason = "it describes what `create` reads")]
pub struct NewOrderBody {
    #[schema(schema_with = text::<128>)]
    customer_id: String,
    #[schema(schema_with = text::<128>)]
    restaurant_id: String,
    /// Not less than the items' sum: it may hold fees or a tip. Up to two decimal places
    #[schema(schema_with = money)]
    total_amount: f64,
    /// Of all amounts: ISO 4217
    #[schema(schema_with = currency)]
    currency: Option<String>,
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<NewItemBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewItem)]
#[expect(dead_code, reason = "it describes what `create` reads")]
pub struct NewItemBody {
    #[schema(schema_with = text::<128>)]
    menu_item_id: String,
    #[schema(schema_with = text::<256>)]
    name: String,
    /// Up to two decimal places
    #[schema(schema_with = money)]
    price: f64,
    #[schema(minimum = 1, maximum = 10_000)]
    quantity: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSaga, example = json!({
    "customerId": "customer-123", "storeId": "store-1", "paymentMethod": "CreditCard",
    "totalAmount": 299.99, "items": [
        {"productId": "product-1", "quantity": 2, "unitPrice": 149.99, "totalPrice": 299.98}],
}))]
#[expect(dead_code, reason = "it describes what `create_saga` reads")]
pub struct NewSagaBody {
    #[schema(schema_with = text::<128>)]
    customer_id: String,
    #[schema(schema_with = text::<128>)]
    store_id: String,
    #[schema(schema_with = text::<64>)]
    payment_method: String,
    /// Where to tell the customer how it ended
    #[schema(min_length = 3, max_length = 254, example = "name@example.org")]
    customer_email: Option<String>,
    /// Not less than the items' sum. Up to two decimal places
    #[schema(schema_with = money)]
    total_amount: f64,
    /// Of all amounts: ISO 4217
    #[schema(schema_with = currency)]
    currency: Option<String>,
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<NewSagaItemBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSagaItem)]
#[expect(dead_code, reason = "it describes what `create_saga` reads")]
pub struct NewSagaItemBody {
    #[schema(schema_with = text::<128>)]
    product_id: String,
    /// The product's id where it has none
    #[schema(schema_with = text::<256>)]
    name: Option<String>,
    #[schema(minimum = 1, maximum = 10_000)]
    quantity: u32,
    /// Up to two decimal places
    #[schema(schema_with = money)]
    unit_price: f64,
    /// Exactly the unit price times the quantity
    #[schema(schema_with = money)]
    total_price: f64,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Confirmation, example = json!({"paymentId": "payment-1"}))]
#[expect(dead_code, reason = "it describes what `confirm` reads")]
pub struct ConfirmBody {
    #[schema(schema_with = text::<128>)]
    payment_id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Cancellation, example = json!({"reason": "changed my mind"}))]
#[expect(dead_code, reason = "it describes what `cancel` reads")]
pub struct CancelBody {
    #[schema(schema_with = text::<500>)]
    reason: String,
}

/// What a command led to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "orderId": "0193b0a0-0000-7000-8000-000000000001", "status": "PENDING", "version": 1,
    "eventIds": ["3f9a1c8e-0b1d-5c7e-9d2f-6a4b8c0d1e2f"],
}))]
#[expect(dead_code, reason = "it describes what `Answer` writes")]
pub struct CommandAnswer {
    #[schema(format = Uuid)]
    order_id: String,
    #[schema(schema_with = status)]
    status: String,
    /// Also the token to read one's own write with: `?minVersion=`
    #[schema(minimum = 1)]
    version: u64,
    /// Of what this command added; empty where the order was as wanted already
    event_ids: Vec<String>,
}

pub fn text<const MOST: usize>() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MOST))
        .pattern(Some(TEXT))
        .build()
}

fn money() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0))
        .maximum(Some(Money::MAX.hundredths() as f64 / 100.0))
        .build()
}

fn currency() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Currency::CODES.iter().copied()))
        .default(Some(Currency::default().as_str().into()))
        .build()
}

fn status() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(OrderStatus::ALL.map(OrderStatus::as_str)))
        .build()
}

/// Declares the problems that an operation can be answered with beside the common ones.
macro_rules! problems {
    ($(#[$doc:meta])* $name:ident: $($kind:ident),+ $(,)?) => {
        $(#[$doc])*
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String, utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                problem_responses(&[$(ProblemType::$kind),+])
            }
        }
    };
}

problems! {
    /// Of `POST /api/orders`.
    CreateProblems: ValidationFailed, MalformedJson, BodyUnreadable, BodyTooSlow, BodyTooLarge,
    UnsupportedMediaType, MalformedIdempotencyKey, IdempotencyKeyRequired, IdempotencyKeyReused,
    RequestInProgress, ForbiddenCustomer, OutcomeUnknown, TimedOut,
}

problems! {
    /// Of the commands to an order.
    CommandProblems: ValidationFailed, MalformedJson, BodyUnreadable, BodyTooSlow, BodyTooLarge,
    UnsupportedMediaType, MalformedIdempotencyKey, IdempotencyKeyRequired, IdempotencyKeyReused,
    RequestInProgress, MalformedIfMatch, OrderNotFound, InvalidTransition, VersionMismatch,
    Contended, OutcomeUnknown, TimedOut,
}

problems! {
    /// Of reading the desk.
    DeskProblems: ValidationFailed, MalformedQuery, DeskNotFound, TimedOut,
}

problems! {
    /// Of reading an item of the desk.
    ItemProblems: ValidationFailed, MalformedQuery, DeskNotFound, DeadLetterNotFound, TimedOut,
}

problems! {
    /// Of acting at the desk.
    ActProblems: ValidationFailed, MalformedQuery, MalformedJson, BodyUnreadable, BodyTooSlow, BodyTooLarge,
    UnsupportedMediaType, MalformedIdempotencyKey, IdempotencyKeyRequired, IdempotencyKeyReused,
    RequestInProgress, DeskNotFound, DeadLetterNotFound, DeadLetterSettled, StoredEvent, OutcomeUnknown, TimedOut,
}
