use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use domain::order::{NewOrder, OrderCommand, OrderLine, OrderRuleError};
use domain::{CustomerId, ItemName, MenuItemId, RestaurantId};
use event_store::ExpectedVersion;
use http::StatusCode;
use runtime::http::{Problem, RequestContext};

use crate::CommandApi;
use crate::answer::answer;
use crate::body::JsonObject;
use crate::field_fault::FieldFault;
use crate::fields::{Fields, money, quantity, text};

/// `POST /api/orders` with `customerId`, `restaurantId`, `totalAmount`, `items`.
pub async fn create(
    State(api): State<CommandApi>,
    Extension(request): Extension<RequestContext>,
    JsonObject(fields): JsonObject,
) -> Result<Response, Problem> {
    let command = OrderCommand::Create(read(fields)?);
    let order_id = api.new_order_id();
    let executed = api
        .execute(&order_id, ExpectedVersion::New, command, request)
        .await?;
    Ok(answer(StatusCode::CREATED, &order_id, &executed))
}

fn read(mut fields: Fields) -> Result<NewOrder, Problem> {
    let customer_id = fields.required("customerId", text(CustomerId::new));
    let restaurant_id = fields.required("restaurantId", text(RestaurantId::new));
    let total_amount = fields.required("totalAmount", money);
    let items = fields.required_objects("items", NewOrder::MAX_ITEMS, line);
    // Checked also where an id is at fault, so that the answer names both.
    if let (Some(total), Some(items)) = (total_amount, &items)
        && let Err(rule) = NewOrder::check(total, items)
    {
        broken(&mut fields, &rule);
    }
    let order = (|| NewOrder::new(customer_id?, restaurant_id?, total_amount?, items?).ok())();
    fields.finish(order)
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

fn broken(fields: &mut Fields, rule: &OrderRuleError) {
    let (field, kind) = match rule {
        OrderRuleError::NoItems => ("items", "no-items"),
        OrderRuleError::TooManyItems { .. } => ("items", "too-many-items"),
        OrderRuleError::TotalBelowItems { .. } => ("totalAmount", "total-below-items"),
    };
    let detail = match rule {
        OrderRuleError::TotalBelowItems { total, items } => {
            format!("is {total}, less than the items' sum {items}")
        }
        rule => rule.to_string(),
    };
    fields.violate(field, FieldFault::new(kind, detail));
}
