use std::str::FromStr;

use domain::{OccurredOn, TextError};
use event_store::dead_letters::{Filter, Reason, Source, States};
use runtime::http::{ParameterFault, Parameters, ProblemType};
use serde_json::value::RawValue;

use crate::field_fault::FieldFault;
use crate::fields::{Fields, text};

/// `source`, `reason`, `type`, `order`, `failedBefore`, `failedAfter` and `state` of a query.
pub fn of_query(parameters: &mut Parameters) -> Filter {
    Filter {
        source: parameters.one("source", source),
        reason: parameters.one("reason", reason),
        event_type: parameters.one("type", any),
        aggregate_id: parameters.one("order", any),
        failed_before: parameters.one("failedBefore", instant),
        failed_after: parameters.one("failedAfter", instant),
        states: parameters.one("state", states).unwrap_or_default(),
    }
}

/// The same of a body, but for the state: only open items can be requeued.
pub fn of_body(fields: &mut Fields) -> Filter {
    Filter {
        source: fields.optional("source", field(source)),
        reason: fields.optional("reason", field(reason)),
        event_type: fields.optional("type", field(any)),
        aggregate_id: fields.optional("order", field(any)),
        failed_before: fields.optional("failedBefore", field(instant)),
        failed_after: fields.optional("failedAfter", field(instant)),
        states: States::default(),
    }
}

fn field<T>(
    read: fn(&str) -> Result<T, ParameterFault>,
) -> impl FnOnce(&RawValue) -> Result<T, FieldFault> {
    move |value| Ok(read(&text(Ok::<_, TextError>)(value)?)?)
}

fn source(text: &str) -> Result<Source, ParameterFault> {
    named(ProblemType::UnknownSource, text)
}

fn reason(text: &str) -> Result<Reason, ParameterFault> {
    named(ProblemType::UnknownReason, text)
}

fn states(text: &str) -> Result<States, ParameterFault> {
    named(ProblemType::UnknownState, text)
}

fn any(text: &str) -> Result<String, ParameterFault> {
    Ok(text.to_owned())
}

/// What is finer than a microsecond is cut: items carry no finer times.
fn instant(text: &str) -> Result<OccurredOn, ParameterFault> {
    runtime::http::instant(text).map(OccurredOn::new)
}

fn named<T: FromStr<Err = String>>(kind: ProblemType, text: &str) -> Result<T, ParameterFault> {
    text.parse()
        .map_err(|detail| ParameterFault { kind, detail })
}
