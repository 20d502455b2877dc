use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::answer::json;
use super::problem::Problem;
use crate::intent::IntentView;
use crate::ledger::Sums;
use crate::simulator::Provider;

#[derive(Serialize)]
struct Whole {
    /// By currency.
    sums: BTreeMap<String, Sums>,
    intents: Vec<IntentView>,
}

/// `GET /v1/ledger`: every intent, and what was taken and given back, of one moment.
pub async fn ledger(State(provider): State<Arc<Provider>>) -> Result<Response, Problem> {
    let whole = {
        let ledger = provider.ledger();
        Whole {
            sums: ledger.sums(),
            intents: ledger.views(),
        }
    };
    provider.journal.synced().await?;
    Ok(json(StatusCode::OK, &whole))
}
