use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::{Currency, PaymentMethod};
use http::StatusCode;

use super::answer::json;
use super::problem::Problem;
use super::read::{Body, IdempotencyKey, id_of};
use crate::intent::Intent;
use crate::record::{Status, Terms};
use crate::rule::Rule;
use crate::simulator::Provider;

/// `POST /v1/intents`: an order's payment, of which there is one.
pub async fn create(
    State(provider): State<Arc<Provider>>,
    IdempotencyKey(key): IdempotencyKey,
    Body(terms): Body<Terms>,
) -> Result<Response, Problem> {
    let terms = checked(terms)?;
    let new_id = provider.new_intent_id();
    let now = provider.clock.now();
    let mut is_new = true;
    let intent = provider
        .carry_out(
            |ledger| {
                is_new = ledger.of_order(&terms.order_id).is_none();
                ledger.create(&key, &terms, &new_id, now)
            },
            |ledger| ledger.of_order(&terms.order_id).map(Intent::view),
        )
        .await?;
    if is_new && Rule::of(terms.amount) == Rule::HangsFirst {
        tokio::time::sleep(provider.config.hangs_for).await;
    }
    match intent.status {
        Status::Failed => Err(Problem::Declined(intent.into())),
        Status::Cancelled => Err(Problem::Cancelled(intent.into())),
        _ if is_new => Ok(json(StatusCode::CREATED, &intent)),
        _ => Ok(json(StatusCode::OK, &intent)),
    }
}

/// The texts' own types check what comes in by `new` only.
fn checked(terms: Terms) -> Result<Terms, Problem> {
    let currency = Currency::new(terms.currency.as_str());
    let method = PaymentMethod::new(terms.payment_method.as_str());
    Ok(Terms {
        order_id: id_of(terms.order_id)?,
        amount: terms.amount,
        currency: currency.map_err(|fault| Problem::Malformed(format!("currency {fault}.")))?,
        payment_method: method
            .map_err(|fault| Problem::Malformed(format!("paymentMethod {fault}.")))?,
    })
}
