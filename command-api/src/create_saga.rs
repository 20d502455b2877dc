use axum::extract::State;
use axum::response::Response;
use domain::order::{NewOrder, OrderCommand, OrderLine, SagaTerms};
use domain::saga::SagaFlow;
use domain::{CustomerId, EmailAddress, ItemName, MenuItemId, PaymentMethod, RestaurantId};
use event_store::ExpectedVersion;
use http::StatusCode;
use runtime::http::{Problem, ProblemType};

use crate::CommandApi;
use crate::asked::Asked;
use crate::body::JsonObject;
use crate::create::{broken, forbidden_customer};
use crate::described::{CommandAnswer, CommandHeaders, CreateProblems, NewSagaBody};
use crate::field_fault::FieldFault;
use crate::fields::{Fields, currency, money, quantity, text};
use crate::head::Head;
use crate::idempotency::Fingerprint;

/// `POST /api/orders/choreographed-saga` with `customerId`, `storeId`, `paymentMethod`,
/// `totalAmount`, `items`, and perhaps `customerEmail` and `currency`: an order that inventory,
/// payment and notification carry out. The saga's id is the order's.
#[utoipa::path(
    post, path = "/api/orders/choreographed-saga", operation_id = "createSaga", tag = "orders",
    params(CommandHeaders),
    request_body = NewSagaBody,
    responses(
        (status = 201, description = "The order is placed, and its saga under way", body = CommandAnswer, headers(
            ("Location" = String, description = "Of the order, on the query API"),
            ("ETag" = String, description = "The order's version"),
        ), links(
            ("cancel" = (operation_id = "cancelOrder", parameters(("id" = "$response.body#/orderId")))),
        )),
        CreateProblems,
    ),
)]
pub async fn create_saga(
    State(api): State<CommandApi>,
    head: Head,
    JsonObject { fields, body }: JsonObject,
) -> Result<Response, Problem> {
    let order = read(fields, api.settings.saga_flow)?;
    if !head.caller.may_touch(order.customer_id().as_str()) {
        return Err(forbidden_customer());
    }
    let asked = Asked {
        head,
        order_id: api.new_order_id(),
        expected: ExpectedVersion::New,
        command: OrderCommand::Create(order),
        fingerprint: Fingerprint::of("/api/orders/choreographed-saga", &body),
        done: StatusCode::CREATED,
    };
    api.carry_out(asked).await
}

fn read(mut fields: Fields, flow: SagaFlow) -> Result<NewOrder, Problem> {
    let customer_id = fields.required("customerId", text(CustomerId::new));
    let store_id = fields.required("storeId", text(RestaurantId::new));
    let payment_method = fields.required("paymentMethod", text(PaymentMethod::new));
    let customer_email = fields.optional("customerEmail", text(EmailAddress::new));
    let total_amount = fields.required("totalAmount", money);
    let currency = fields.optional("currency", currency).unwrap_or_default();
    let items = fields.required_objects("items", NewOrder::MAX_ITEMS, line);
    if let (Some(total), Some(items)) = (total_amount, &items)
        && let Err(rule) = NewOrder::check(total, items)
    {
        broken(&mut fields, &rule);
    }
    let order = (|| {
        let terms = SagaTerms {
            flow,
            payment_method: payment_method?,
            customer_email,
        };
        let order = NewOrder::new(customer_id?, store_id?, total_amount?, items?).ok()?;
        Some(order.in_currency(currency).by_saga(terms))
    })();
    fields.finish(order)
}

fn line(item: &mut Fields) -> Option<OrderLine> {
    let product_id = item.required("productId", text(MenuItemId::new));
    let name = item.optional("name", text(ItemName::new));
    let quantity = item.required("quantity", quantity);
    let unit_price = item.required("unitPrice", money);
    let total_price = item.required("totalPrice", money);
    let product_id = product_id?;
    let name = match name {
        Some(name) => name,
        // An id is shorter than a name may be.
        None => ItemName::new(product_id.as_str()).ok()?,
    };
    let line = OrderLine {
        menu_item_id: product_id,
        name,
        price: unit_price?,
        quantity: quantity?,
    };
    let (total, given) = (line.total(), total_price?);
    if total != given {
        let detail = format!("is {given}, and the line adds up to {total}");
        item.violate(
            "totalPrice",
            FieldFault::new(ProblemType::WrongLineTotal, detail),
        );
    }
    Some(line)
}
