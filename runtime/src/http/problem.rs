use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::{Map, Value};

/// An RFC 9457 problem: the only form in which these APIs report an error.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    members: Map<String, Value>,
    retry_after_seconds: Option<u32>,
}

/// One fault of a request that breaks several rules at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The stable name of the rule, as a problem type of its own.
    #[serde(rename = "type", serialize_with = "problem_type")]
    pub kind: &'static str,
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The query parameter, where the fault is not in a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    pub detail: String,
}

fn problem_type<S: serde::Serializer>(kind: &&'static str, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&format_args!("/problems/{kind}"))
}

impl Problem {
    /// `kind` is the last part of the problem's `type`, and stable; `title` does not vary either.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
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
        let problem = Self::new(
            StatusCode::BAD_REQUEST,
            "validation-failed",
            "The request is not valid.",
            detail,
        )
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
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal-error",
            "Something went wrong on this side.",
            "The fault has been logged under the request id of this answer.",
        )
    }

    /// Something this process depends on is away.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service is not available right now.",
            detail,
        )
        .retry_after(1)
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
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        body.insert("type".into(), format!("/problems/{}", self.kind).into());
        body.insert("title".into(), self.title.into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), self.detail.into());
        body.extend(self.members);
        let mut response = (self.status, Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
