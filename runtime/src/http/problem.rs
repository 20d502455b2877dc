use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Described, ProblemType};

/// An RFC 9457 problem: the only form in which these APIs report an error.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemType,
    detail: String,
    members: Map<String, Value>,
    retry_after_seconds: Option<u32>,
}

/// One fault of a request that breaks several rules at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The stable name of the rule, as a problem type of its own.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The query parameter, where the fault is not in a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    pub detail: String,
}

impl Problem {
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            members: Map::new(),
            retry_after_seconds: None,
        }
    }

    /// All faults of one request. Past a thousand they are only counted, in `omitted`: an answer
    /// must not be many times the size of what provoked it.
    pub fn validation(mut violations: Vec<Violation>) -> Self {
        const SHOWN: usize = 1000;
        let omitted = violations.len().saturating_sub(SHOWN);
        let detail = match violations.as_slice() {
            [one] => one.detail.clone(),
            many => format!("The request breaks {} rules.", many.len()),
        };
        violations.truncate(SHOWN);
        let problem = Self::new(ProblemType::ValidationFailed, detail)
            .with("errors", serde_json::json!(violations));
        if omitted > 0 {
            problem.with("omitted", omitted.into())
        } else {
            problem
        }
    }

    /// A fault of ours. What it was is in the log, not in the answer.
    pub fn internal() -> Self {
        Self::new(
            ProblemType::InternalError,
            "The fault has been logged under the request id of this answer.",
        )
    }

    /// Something this process depends on is away.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Unavailable, detail).retry_after(1)
    }

    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.kind.described().status
    }

    /// The answer's body.
    pub fn json(&self) -> String {
        let Described { status, title, .. } = *self.kind.described();
        let mut body = Map::new();
        body.insert("type".into(), self.kind.to_string().into());
        body.insert("title".into(), title.into());
        body.insert("status".into(), status.as_u16().into());
        body.insert("detail".into(), self.detail.as_str().into());
        body.extend(self.members.clone());
        Value::Object(body).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.json()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Self::MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
