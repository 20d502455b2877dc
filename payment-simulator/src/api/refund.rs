use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::{Currency, Money};
use http::StatusCode;
use serde::Deserialize;

use super::answer::json;
use super::problem::Problem;
use super::read::{Body, Id, IdempotencyKey};
use crate::intent::Intent;
use crate::simulator::Provider;

#[derive(Deserialize)]
pub struct Amount {
    amount: Money,
    currency: Currency,
}

/// `POST /v1/intents/{id}/refund`, of all that was captured.
pub async fn refund(
    State(provider): State<Arc<Provider>>,
    Id(intent_id): Id,
    IdempotencyKey(key): IdempotencyKey,
    Body(Amount { amount, currency }): Body<Amount>,
) -> Result<Response, Problem> {
    let now = provider.clock.now();
    let intent = provider
        .carry_out(
            |ledger| ledger.refund(&key, &intent_id, amount, currency, now),
            |ledger| ledger.intent(&intent_id).map(Intent::view),
        )
        .await?;
    Ok(json(StatusCode::OK, &intent))
}
