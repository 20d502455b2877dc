//! What the OpenAPI document says of the desk.

use event_store::dead_letters::{BY_MAX_CHARS, REASON_MAX_CHARS, Reason, Source, State};
use serde::Deserialize;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use super::Owner;
use crate::described::text;

/// At which desk.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `owner` reads")]
pub struct OwnerParameter {
    /// Whose desk: without it that of the orders
    #[param(schema_with = owner)]
    of: Option<String>,
}

/// Which items are meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes what `filter` reads")]
pub struct FilterParameters {
    #[param(schema_with = source)]
    source: Option<String>,
    #[param(schema_with = reason)]
    reason: Option<String>,
    /// Of the event
    #[param(rename = "type", nullable = false)]
    event_type: Option<String>,
    /// The order's id
    #[param(nullable = false)]
    order: Option<String>,
    /// Without it the open and the requeued ones
    #[param(schema_with = states)]
    state: Option<String>,
    #[param(format = DateTime, nullable = false)]
    failed_before: Option<String>,
    #[param(format = DateTime, nullable = false)]
    failed_after: Option<String>,
    #[param(minimum = 1, maximum = 200, nullable = false)]
    limit: Option<u32>,
    /// `nextCursor` of the page before
    #[param(pattern = "^[A-Za-z0-9_-]+$", nullable = false)]
    cursor: Option<String>,
}

/// Which open items are meant, and who acts.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RequeueAll, example = json!({"reason": "max_retries_exceeded", "by": "anna"}))]
#[expect(dead_code, reason = "it describes what `requeue_all` reads")]
pub struct RequeueAllBody {
    #[schema(schema_with = source)]
    source: Option<String>,
    #[schema(schema_with = reason)]
    reason: Option<String>,
    #[serde(rename = "type")]
    #[schema(schema_with = any_text)]
    event_type: Option<String>,
    #[schema(schema_with = any_text)]
    order: Option<String>,
    #[schema(schema_with = instant)]
    failed_before: Option<String>,
    #[schema(schema_with = instant)]
    failed_after: Option<String>,
    #[schema(schema_with = text::<BY_MAX_CHARS>)]
    by: Option<String>,
}

/// Who acts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Requeue, example = json!({"by": "anna"}))]
#[expect(dead_code, reason = "it describes what `requeue` reads")]
pub struct RequeueBody {
    #[schema(schema_with = text::<BY_MAX_CHARS>)]
    by: Option<String>,
}

/// Who acts, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Discard, example = json!({"reason": "a test record", "by": "anna"}))]
#[expect(dead_code, reason = "it describes what `discard` reads")]
pub struct DiscardBody {
    #[schema(schema_with = text::<REASON_MAX_CHARS>)]
    reason: String,
    #[schema(schema_with = text::<BY_MAX_CHARS>)]
    by: Option<String>,
}

/// An item, without the record that failed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetterSummary)]
#[expect(dead_code, reason = "it describes what is listed")]
pub struct SummaryAnswer {
    #[schema(format = Uuid)]
    id: String,
    #[schema(schema_with = source)]
    source: String,
    #[schema(schema_with = reason)]
    reason: String,
    #[schema(schema_with = state)]
    state: String,
    error_message: String,
    topic: String,
    partition: Option<i32>,
    offset: Option<i64>,
    #[schema(format = Uuid)]
    outbox_id: Option<String>,
    aggregate_type: Option<String>,
    aggregate_id: Option<String>,
    version: Option<i64>,
    event_type: Option<String>,
    /// In bytes
    value_length: Option<i32>,
    retry_count: i32,
    #[schema(format = DateTime)]
    failed_at: String,
    #[schema(format = DateTime)]
    last_attempt_at: String,
    acted_by: Option<String>,
    action_reason: Option<String>,
    #[schema(format = DateTime)]
    state_since: String,
    /// On the dead-letter topic
    #[schema(format = DateTime)]
    published_at: Option<String>,
}

/// An item with the record that failed, byte for byte.
#[derive(Deserialize, ToSchema)]
#[schema(as = DeadLetter)]
#[expect(dead_code, reason = "it describes what is shown")]
pub struct DeadLetterAnswer {
    #[serde(flatten)]
    summary: SummaryAnswer,
    key: Option<BytesAnswer>,
    value: Option<BytesAnswer>,
    headers: Vec<HeaderAnswer>,
    metadata: serde_json::Value,
}

/// `text` where it is UTF-8, else `base64`.
#[derive(Deserialize, ToSchema)]
#[schema(as = Bytes)]
#[expect(dead_code, reason = "it describes what is shown")]
pub struct BytesAnswer {
    text: Option<String>,
    base64: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = RecordHeader)]
#[expect(dead_code, reason = "it describes what is shown")]
pub struct HeaderAnswer {
    name: String,
    value: Option<BytesAnswer>,
}

/// A page of items, newest first.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetters)]
#[expect(dead_code, reason = "it describes what is listed")]
pub struct PageAnswer {
    dead_letters: Vec<SummaryAnswer>,
    /// For the next page; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeskStats)]
#[expect(dead_code, reason = "it describes what is counted")]
pub struct StatsAnswer {
    counts: Vec<CountAnswer>,
    /// When the open item failed that has waited longest
    #[schema(format = DateTime)]
    oldest_open: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = DeskCount)]
#[expect(dead_code, reason = "it describes what is counted")]
pub struct CountAnswer {
    #[schema(schema_with = source)]
    source: String,
    #[schema(schema_with = reason)]
    reason: String,
    #[schema(schema_with = state)]
    state: String,
    count: u64,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = RequeuedAll)]
#[expect(dead_code, reason = "it describes what is answered")]
pub struct RequeuedAllAnswer {
    requeued: u64,
    /// Open items that are meant too, for the next request
    left: u64,
}

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .build()
}

fn owner() -> Object {
    one_of(Owner::ALL.map(Owner::as_str))
}

fn source() -> Object {
    one_of(Source::ALL.iter().map(|source| source.as_str()))
}

fn reason() -> Object {
    one_of(Reason::ALL.iter().map(|reason| reason.as_str()))
}

fn state() -> Object {
    one_of(State::ALL.iter().map(|state| state.as_str()))
}

fn states() -> Object {
    one_of(State::ALL.iter().map(|state| state.as_str()).chain(["all"]))
}

fn any_text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn instant() -> Object {
    let mut instant = any_text();
    instant.format = Some(utoipa::openapi::SchemaFormat::KnownFormat(
        utoipa::openapi::KnownFormat::DateTime,
    ));
    instant
}
