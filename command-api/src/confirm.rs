use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use domain::PaymentId;
use domain::order::OrderCommand;
use http::StatusCode;
use runtime::http::{PathText, Problem, RequestContext};

use crate::answer::answer;
use crate::body::JsonObject;
use crate::fields::text;
use crate::if_match::IfMatch;
use crate::{CommandApi, order_id};

/// `POST /api/orders/{id}/confirm` with `paymentId`.
pub async fn confirm(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    IfMatch(expected): IfMatch,
    Extension(request): Extension<RequestContext>,
    JsonObject(mut fields): JsonObject,
) -> Result<Response, Problem> {
    let payment_id = fields.required("paymentId", text(PaymentId::new));
    let payment_id = fields.finish(payment_id)?;
    let id = order_id::parse(&id)?;
    let command = OrderCommand::Confirm { payment_id };
    let executed = api.execute(&id, expected, command, request).await?;
    Ok(answer(StatusCode::OK, &id, &executed))
}
