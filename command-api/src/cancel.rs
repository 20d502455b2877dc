use axum::extract::State;
use axum::response::Response;
use domain::CancelReason;
use domain::order::OrderCommand;
use http::StatusCode;
use runtime::http::{PathText, Problem};

use crate::asked::Asked;
use crate::body::JsonObject;
use crate::described::{CancelBody, CommandAnswer, CommandHeaders, CommandProblems, IfMatchHeader};
use crate::fields::text;
use crate::head::Head;
use crate::idempotency::Fingerprint;
use crate::if_match::IfMatch;
use crate::{CommandApi, order_id};

/// `POST /api/orders/{id}/cancel` with `reason`.
#[utoipa::path(
    post, path = "/api/orders/{id}/cancel", operation_id = "cancelOrder", tag = "orders",
    params(("id" = String, Path, description = "The order's", format = Uuid), CommandHeaders, IfMatchHeader),
    request_body = CancelBody,
    responses(
        (status = 200, description = "The order is cancelled, or was before", body = CommandAnswer, headers(
            ("ETag" = String, description = "The order's version"),
        )),
        CommandProblems,
    ),
)]
pub async fn cancel(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    IfMatch(expected): IfMatch,
    head: Head,
    JsonObject { mut fields, body }: JsonObject,
) -> Result<Response, Problem> {
    let reason = fields.required("reason", text(CancelReason::new));
    let reason = fields.finish(reason)?;
    let id = order_id::parse(&id)?;
    let asked = Asked {
        head,
        expected,
        command: OrderCommand::Cancel { reason },
        fingerprint: Fingerprint::of(&format!("/api/orders/{id}/cancel"), &body),
        order_id: id,
        done: StatusCode::OK,
    };
    api.carry_out(asked).await
}
