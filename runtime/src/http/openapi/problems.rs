use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::ProblemType;

/// What every operation can be answered.
const COMMON: &[ProblemType] = &[
    ProblemType::Unauthenticated,
    ProblemType::InvalidCredentials,
    ProblemType::InsufficientScope,
    ProblemType::MalformedPath,
    ProblemType::QuotaExceeded,
    ProblemType::Overloaded,
    ProblemType::Unavailable,
    ProblemType::InternalError,
];

/// An error (RFC 9457). Beside these members a type may have more.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "it describes what `Problem` writes")]
pub struct ProblemBody {
    /// Stable, and the path of a page about it
    #[schema(rename = "type", format = UriReference, example = "/problems/validation-failed")]
    kind: String,
    /// The same for all problems of the type
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong here
    detail: String,
    /// Of `validation-failed`: every fault of the request
    errors: Option<Vec<ViolationBody>>,
}

/// One fault of a request.
#[derive(ToSchema)]
#[schema(as = Violation)]
#[expect(dead_code, reason = "it describes what `Violation` writes")]
pub struct ViolationBody {
    #[schema(rename = "type", format = UriReference, example = "/problems/missing-field")]
    kind: String,
    /// Into the body (RFC 6901)
    #[schema(example = "/items/0/price")]
    pointer: Option<String>,
    /// Of the query
    parameter: Option<String>,
    detail: String,
}

/// The components that the answers refer to.
pub(super) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = vec![
        (ProblemBody::name().into_owned(), ProblemBody::schema()),
        (ViolationBody::name().into_owned(), ViolationBody::schema()),
    ];
    ProblemBody::schemas(&mut schemas);
    schemas
}

/// The answers of an operation that can meet these problems beside the common ones: one a status,
/// with an example of each type.
pub fn problem_responses(kinds: &[ProblemType]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<ProblemType>> = BTreeMap::new();
    for kind in kinds.iter().chain(COMMON) {
        let of_status = by_status
            .entry(kind.described().status.as_u16())
            .or_default();
        if !of_status.contains(kind) {
            of_status.push(*kind);
        }
    }
    by_status
        .into_iter()
        .map(|(status, kinds)| (status.to_string(), response(&kinds).into()))
        .collect()
}

fn response(kinds: &[ProblemType]) -> Response {
    let examples = kinds.iter().map(|kind| {
        let value = ExampleBuilder::new().value(Some(example(*kind))).build();
        (kind.described().kind, RefOr::T(value))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(examples)
        .build();
    let titles: Vec<&str> = kinds.iter().map(|kind| kind.described().title).collect();
    let mut response = ResponseBuilder::new()
        .description(titles.join(" "))
        .content("application/problem+json", content);
    let come_again = |kind: &ProblemType| matches!(kind.described().status.as_u16(), 429 | 503);
    if kinds.iter().any(come_again) {
        let seconds = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
            .description(Some("Seconds"))
            .build();
        response = response.header("Retry-After", seconds);
    }
    response.build()
}

fn example(kind: ProblemType) -> Value {
    let about = kind.described();
    json!({
        "type": kind, "title": about.title, "status": about.status.as_u16(),
        "detail": about.meaning,
    })
}
