use axum::body::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Facts, ProviderError, Refused, Said, Unreadable};

/// An answer to a call that the provider has dealt with.
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

#[derive(Deserialize)]
struct Intent {
    status: String,
}

/// A refused creation shows the intent it has come to.
#[derive(Deserialize)]
struct Problem<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    detail: String,
    #[serde(borrow)]
    intent: Option<&'a RawValue>,
}

impl Answer {
    /// What a success says; anything else is a refusal.
    pub fn said(&self, order_id: &str) -> Result<Said, ProviderError> {
        if !self.status.is_success() {
            return Err(self.refused().into());
        }
        self.read(&self.body, order_id)
    }

    /// What a refusal says where it shows the intent that nothing can become of.
    pub fn said_of_refusal(&self, order_id: &str) -> Option<Result<Said, ProviderError>> {
        let problem = self.problem()?;
        Some(self.read(problem.intent?.get().as_bytes(), order_id))
    }

    fn problem(&self) -> Option<Problem<'_>> {
        let refused = self.status.is_client_error();
        refused.then(|| serde_json::from_slice(&self.body).ok())?
    }

    fn read(&self, json: &[u8], order_id: &str) -> Result<Said, ProviderError> {
        let said = read(json, order_id).map_err(|fault| Refused::Unreadable {
            status: self.status,
            fault,
        })?;
        Ok(said)
    }

    pub fn refused(&self) -> Refused {
        let problem = self.problem();
        let shown = |text: &str| text.chars().take(200).collect();
        Refused::Problem {
            status: self.status,
            kind: problem.as_ref().map(|p| shown(&p.kind)).unwrap_or_default(),
            detail: problem.map(|p| shown(&p.detail)).unwrap_or_default(),
        }
    }
}

fn read(json: &[u8], order_id: &str) -> Result<Said, Unreadable> {
    let unreadable = |fault: serde_json::Error| Unreadable(fault.to_string());
    let Intent { status } = serde_json::from_slice(json).map_err(unreadable)?;
    let facts: Facts = serde_json::from_slice(json).map_err(unreadable)?;
    if facts.order_id != order_id {
        return Err(Unreadable("it is about another order".to_owned()));
    }
    facts.said(&status)
}
