use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::answer::json;
use super::problem::Problem;
use super::read::Id;
use crate::intent::Intent;
use crate::ledger::Ledger;
use crate::simulator::Provider;

/// `GET /v1/intents/{id}`
pub async fn intent(
    State(provider): State<Arc<Provider>>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let find = |ledger: &Ledger| ledger.intent(&id).map(Intent::view);
    let intent = provider.carry_out(|_| Ok(Vec::new()), find).await?;
    Ok(json(StatusCode::OK, &intent))
}

/// `GET /v1/orders/{id}`: the order's intent.
pub async fn of_order(
    State(provider): State<Arc<Provider>>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let find = |ledger: &Ledger| ledger.of_order(&id).map(Intent::view);
    let intent = provider.carry_out(|_| Ok(Vec::new()), find).await?;
    Ok(json(StatusCode::OK, &intent))
}
