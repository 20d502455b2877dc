use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::answer::json;
use super::problem::Problem;
use super::read::{Id, IdempotencyKey};
use crate::intent::Intent;
use crate::simulator::Provider;

/// `POST /v1/orders/{id}/cancel`: stops the order's payment, and any that is asked for later. The
/// answer is how the payment stands: `cancelled`, or what has happened instead.
pub async fn cancel(
    State(provider): State<Arc<Provider>>,
    Id(order_id): Id,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Response, Problem> {
    let (new_id, now) = (provider.new_intent_id(), provider.clock.now());
    let intent = provider
        .carry_out(
            |ledger| ledger.cancel(&key, &order_id, &new_id, now),
            |ledger| ledger.of_order(&order_id).map(Intent::view),
        )
        .await?;
    Ok(json(StatusCode::OK, &intent))
}
