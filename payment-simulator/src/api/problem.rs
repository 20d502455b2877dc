use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::intent::IntentView;
use crate::journal::JournalError;
use crate::ledger::Refusal;

/// What this provider answers where it does not do what it was asked: RFC 9457, with its own types.
#[derive(Debug)]
pub enum Problem {
    WrongKey,
    /// With what is wrong.
    Malformed(String),
    Refused(Refusal),
    /// The payment is declined: with the intent, as failed.
    Declined(Box<IntentView>),
    /// The order's payment was cancelled before it was asked for, or since.
    Cancelled(Box<IntentView>),
    Broken,
}

impl Problem {
    fn described(&self) -> (StatusCode, &'static str, &str) {
        match self {
            Self::WrongKey => (
                StatusCode::UNAUTHORIZED,
                "wrong-key",
                "Send the API key: Authorization: Bearer …",
            ),
            Self::Malformed(detail) => (StatusCode::BAD_REQUEST, "malformed", detail),
            Self::Declined(intent) => (
                StatusCode::PAYMENT_REQUIRED,
                "declined",
                intent.reason.as_deref().unwrap_or("the payment failed"),
            ),
            Self::Cancelled(_) => (
                StatusCode::CONFLICT,
                "cancelled",
                "The order's payment is cancelled.",
            ),
            Self::Broken => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "broken",
                "The ledger cannot be written.",
            ),
            Self::Refused(refusal) => match refusal {
                Refusal::KeyReused => (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "key-reused",
                    "Another call was made with this Idempotency-Key.",
                ),
                Refusal::OtherTerms => (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "other-terms",
                    "The order's payment is of another amount, currency or method.",
                ),
                Refusal::NoSuchIntent => (
                    StatusCode::NOT_FOUND,
                    "no-such-intent",
                    "There is no such intent.",
                ),
                Refusal::NotCaptured => (
                    StatusCode::CONFLICT,
                    "not-captured",
                    "Nothing was captured that could be given back.",
                ),
                Refusal::OutOfOrder => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "out-of-order",
                    "Nothing was done. It will be later on.",
                ),
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, kind, detail) = self.described();
        let mut body = json!({
            "type": format!("/problems/{kind}"),
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
        });
        if let Self::Declined(intent) | Self::Cancelled(intent) = &self {
            body["intent"] = json!(intent);
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "a call cannot be answered");
        Self::Broken
    }
}
