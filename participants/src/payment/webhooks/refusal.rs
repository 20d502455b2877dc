use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use http::StatusCode;
use runtime::http::{Problem, ProblemType};

use super::MAX_BYTES;
use super::signature::SKEW;

/// Whoever stores webhooks cannot store this one now; the provider is to send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRefused {
    pub retry_after: Duration,
}

impl From<WebhookRefused> for Problem {
    fn from(refused: WebhookRefused) -> Self {
        let seconds = refused.retry_after.as_secs_f64().ceil().max(1.0);
        Self::unavailable("The webhook cannot be stored right now.").retry_after(seconds as u32)
    }
}

/// The same whatever is wrong: which part of it was right is nobody's business.
pub fn forged() -> Problem {
    Problem::new(
        ProblemType::InvalidSignature,
        "No signature of this webhook is right.",
    )
}

pub fn stale() -> Problem {
    let minutes = SKEW.as_mins();
    Problem::new(
        ProblemType::StaleWebhook,
        format!("webhook-timestamp is more than {minutes} minutes from now."),
    )
}

pub fn unread(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("A webhook may have up to {MAX_BYTES} bytes.");
        return Problem::new(ProblemType::BodyTooLarge, detail);
    }
    Problem::new(
        ProblemType::BodyUnreadable,
        "The connection ended, or the transfer was malformed, before the body was complete.",
    )
}
