use std::collections::BTreeMap;

use super::Envelope;

pub const CORRELATION_ID: &str = "correlation-id";
/// W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";

/// On a record that was published before: `true`. Whoever acts on the world leaves it alone.
pub const REPLAYED: &str = "replayed";

/// The record's headers: CloudEvents 1.0 in Kafka's binary mode, the correlation id, and the trace
/// the command belonged to where it came with one.
pub fn headers(event: &Envelope, traceparent: Option<&str>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::from(
        [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", event.event_id.to_string()),
            ("ce_type", event.event_type.clone()),
            ("ce_source", "/orders".to_owned()),
            ("ce_subject", event.aggregate_id.clone()),
            ("ce_time", event.occurred_on.to_string()),
            ("content-type", "application/json".to_owned()),
            (CORRELATION_ID, event.correlation_id.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(traceparent) = traceparent {
        headers.insert(TRACEPARENT.to_owned(), traceparent.to_owned());
    }
    headers
}
