use axum::extract::State;
use axum::response::Response;
use domain::order::{NewOrder, OrderCommand, OrderLine, OrderRuleError};
use domain::{CustomerId, ItemName, MenuItemId, RestaurantId};
use event_store::ExpectedVersion;
use http::StatusCode;
use runtime::http::{Problem, ProblemType};

use crate::CommandApi;
use crate::asked::Asked;
use crate::body::JsonObject;
use crate::described::{CommandAnswer, CommandHeaders, CreateProblems, NewOrderBody};
use crate::field_fault::FieldFault;
use crate::fields::{Fields, currency, money, quantity, text};
use crate::head::Head;
use crate::idempotency::Fingerprint;

/// `POST /api/orders` with `customerId`, `restaurantId`, `totalAmount`, `items`, and perhaps
/// `currency`.
#[utoipa::path(
    post, path = "/api/orders", operation_id = "createOrder", tag = "orders",
    params(CommandHeaders),
    request_body = NewOrderBody,
    responses(
        (status = 201, description = "The order is placed", body = CommandAnswer, headers(
            ("Location" = String, description = "Of the order, on the query API"),
            ("ETag" = String, description = "The order's version"),
        ), links(
            ("confirm" = (operation_id = "confirmOrder", parameters(("id" = "$response.body#/orderId")))),
            ("cancel" = (operation_id = "cancelOrder", parameters(("id" = "$response.body#/orderId")))),
        )),
        CreateProblems,
    ),
)]
pub async fn create(
    State(api): State<CommandApi>,
    head: Head,
    JsonObject { fields, body }: JsonObject,
) -> Result<Response, Problem> {
    let order = read(fields)?;
    if !head.caller.may_touch(order.customer_id().as_str()) {
        return Err(forbidden_customer());
    }
    let asked = Asked {
        head,
        order_id: api.new_order_id(),
        expected: ExpectedVersion::New,
        command: OrderCommand::Create(order),
        fingerprint: Fingerprint::of("/api/orders", &body),
        done: StatusCode::CREATED,
    };
    api.carry_out(asked).await
}

pub fn forbidden_customer() -> Problem {
    Problem::new(
        ProblemType::ForbiddenCustomer,
        "/customerId names another customer than the one you may act for.",
    )
}

fn read(mut fields: Fields) -> Result<NewOrder, Problem> {
    let customer_id = fields.required("customerId", text(CustomerId::new));
    let restaurant_id = fields.required("restaurantId", text(RestaurantId::new));
    let total_amount = fields.required("totalAmount", money);
    let currency = fields.optional("currency", currency).unwrap_or_default();
    let items = fields.required_objects("items", NewOrder::MAX_ITEMS, line);
    // Checked also where an id is at fault, so that the answer names both.
    if let (Some(total), Some(items)) = (total_amount, &items)
        && let Err(rule) = NewOrder::check(total, items)
    {
        broken(&mut fields, &rule);
    }
    let order = (|| NewOrder::new(customer_id?, restaurant_id?, total_amount?, items?).ok())();
    fields.finish(order.map(|order| order.in_currency(currency)))
}

fn line(item: &mut Fields) -> Option<OrderLine> {
    let menu_item_id = item.required("menuItemId", text(MenuItemId::new));
    let name = item.required("name", text(ItemName::new));
    let price = item.required("price", money);
    let quantity = item.required("quantity", quantity);
    Some(OrderLine {
        menu_item_id: menu_item_id?,
        name: name?,
        price: price?,
        quantity: quantity?,
    })
}

/// Notes a rule over the whole order.
pub fn broken(fields: &mut Fields, rule: &OrderRuleError) {
    let (field, kind) = match rule {
        OrderRuleError::NoItems => ("items", ProblemType::NoItems),
        OrderRuleError::TooManyItems { .. } => ("items", ProblemType::TooManyItems),
        OrderRuleError::TotalBelowItems { .. } => ("totalAmount", ProblemType::TotalBelowItems),
    };
    let detail = match rule {
        OrderRuleError::TotalBelowItems { total, items } => {
            format!("is {total}, less than the items' sum {items}")
        }
        rule => rule.to_string(),
    };
    fields.violate(field, FieldFault::new(kind, detail));
}
