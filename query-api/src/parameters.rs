//! How parameters are described to callers: as exactly as they are read.

use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required, Schema};

/// The text in a path.
pub fn id(description: &str, example: &str) -> Parameter {
    parameter(
        "id",
        ParameterIn::Path,
        description,
        text().min_length(Some(1)),
    )
    .required(Required::True)
    .example(Some(example.into()))
    .build()
}

/// A parameter of the query that may be left out.
pub fn query(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> ParameterBuilder {
    parameter(name, ParameterIn::Query, description, schema)
}

/// A header of the request that may be left out.
pub fn header(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> ParameterBuilder {
    parameter(name, ParameterIn::Header, description, schema)
}

fn parameter(
    name: &str,
    within: ParameterIn,
    description: &str,
    schema: impl Into<RefOr<Schema>>,
) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(within)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
}

pub fn if_none_match() -> Parameter {
    let description = "The ETags the caller has: 304 when one of them is the order's";
    let example = Some(json!("\"3\""));
    header("If-None-Match", description, text())
        .example(example)
        .build()
}

pub fn limit(default: u32, max: u32) -> Parameter {
    let number = whole(1, max as usize).default(Some(default.into()));
    query("limit", "How many a page has at most", number).build()
}

pub fn cursor() -> Parameter {
    let description = "The nextCursor of the page before, with the same filters and sort; opaque";
    query(
        "cursor",
        description,
        text().pattern(Some("^[A-Za-z0-9_-]+$")),
    )
    .build()
}

pub fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

pub fn one_of(names: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    text().enum_values(Some(names))
}

/// What [`runtime::http::instant`] reads: its calendar ends a day before the year 9999 does.
pub fn instant() -> ObjectBuilder {
    text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some("^(?!9999-12-3)"))
}

pub fn flag() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub fn date() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

/// Up to [`domain::Money::MAX`]. A text, so that nobody is led to write `0.1 + 0.2`.
pub fn amount() -> ObjectBuilder {
    text().pattern(Some(r"^0*([0-9]{1,12}(\.[0-9]{1,2})?|10{12}(\.0{1,2})?)$"))
}

pub fn whole(minimum: usize, maximum: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(minimum))
        .maximum(Some(maximum))
}
