use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use domain::CancelReason;
use domain::order::OrderCommand;
use http::StatusCode;
use runtime::http::{PathText, Problem, RequestContext};

use crate::answer::answer;
use crate::body::JsonObject;
use crate::fields::text;
use crate::if_match::IfMatch;
use crate::{CommandApi, order_id};

/// `POST /api/orders/{id}/cancel` with `reason`.
pub async fn cancel(
    State(api): State<CommandApi>,
    PathText(id): PathText,
    IfMatch(expected): IfMatch,
    Extension(request): Extension<RequestContext>,
    JsonObject(mut fields): JsonObject,
) -> Result<Response, Problem> {
    let reason = fields.required("reason", text(CancelReason::new));
    let reason = fields.finish(reason)?;
    let id = order_id::parse(&id)?;
    let command = OrderCommand::Cancel { reason };
    let executed = api.execute(&id, expected, command, request).await?;
    Ok(answer(StatusCode::OK, &id, &executed))
}
