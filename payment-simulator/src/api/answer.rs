use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use super::problem::Problem;
use crate::intent::IntentView;
use crate::ledger::{Ledger, Refusal};
use crate::record::Record;
use crate::simulator::Provider;

impl Provider {
    /// Does what is asked, and says how the intent stands then, once that is on the disk. A call
    /// under a key that was used before does nothing, and says the same way how things stand.
    pub async fn carry_out(
        &self,
        decide: impl FnOnce(&mut Ledger) -> Result<Vec<Record>, Refusal>,
        find: impl FnOnce(&Ledger) -> Option<IntentView>,
    ) -> Result<IntentView, Problem> {
        let seen = {
            let mut ledger = self.ledger();
            let records = decide(&mut ledger)?;
            self.note(&mut ledger, records)?;
            find(&ledger)
        };
        self.journal.synced().await?;
        seen.ok_or(Problem::Refused(Refusal::NoSuchIntent))
    }
}

pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(body) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            Problem::Broken.into_response()
        }
    }
}
