use axum::extract::State;
use axum::response::Response;
use domain::PaymentId;
use domain::order::OrderCommand;
use http::StatusCode;
use runtime::http::{PathText, Problem};

use crate::asked::Asked;
use crate::body::JsonObject;
use crate::described::{
    CommandAnswer, CommandHeaders, CommandProblems, ConfirmBody, IfMatchHeader,
};
use crate::fields::text;
use crate::head::Head;
use crate::idempotency::Fingerprint;
use crate::if_match::IfMatch;
use crate::{CommandApi, order_id};

/// `POST /api/orders/{id}/confirm` with `paymentId`.
#[utoipa::path(
    post, path = "/api/orders/{id}/confirm", operation_id = "confirmOrder", tag = "orders",
    params(("id" = String, Path, description = "The order's", format = Uuid), CommandHeaders, IfMatchHeader),
    request_body = ConfirmBody,
    responses(
        (status = 200, description = "The order is confirmed, or was before", body = CommandAnswer, headers(
            ("ETag" = String, description = "The order's version"),
        )),
        CommandProblems,
    ),
)]
pub async fn confirm(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    IfMatch(expected): IfMatch,
    head: Head,
    JsonObject { mut fields, body }: JsonObject,
) -> Result<Response, Problem> {
    let payment_id = fields.required("paymentId", text(PaymentId::new));
    let payment_id = fields.finish(payment_id)?;
    let id = order_id::parse(&id)?;
    let asked = Asked {
        head,
        expected,
        command: OrderCommand::Confirm { payment_id },
        fingerprint: Fingerprint::of(&format!("/api/orders/{id}/confirm"), &body),
        order_id: id,
        done: StatusCode::OK,
    };
    api.carry_out(asked).await
}
