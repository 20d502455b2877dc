use bson::{Bson, Document};
use domain::order::Order;
use event_store::StateRow;

use super::expected::Expected;
use super::newest::Newest;
use super::{Class, Difference};

const SHOWN_CHARS: usize = 120;

/// The row of current state.
pub(super) fn state(expected: &Expected, found: Option<&StateRow<Order>>) -> Option<Difference> {
    let Some(found) = found else {
        return Some(Difference::of(Class::Missing, "no row"));
    };
    if let Some(difference) = versions(expected.version, found.version) {
        return Some(difference);
    }
    match &found.state {
        Err(reason) => Some(Difference::of(Class::Different, reason)),
        Ok(state) if *state == expected.state => None,
        Ok(state) => {
            let json = |state: &Order| serde_json::to_value(state).unwrap_or_default();
            let (expected, found) = (json(&expected.state), json(state));
            let fields = state_fields(expected.as_object(), found.as_object());
            Some(Difference::of(Class::Different, fields))
        }
    }
}

fn state_fields(
    expected: Option<&serde_json::Map<String, serde_json::Value>>,
    found: Option<&serde_json::Map<String, serde_json::Value>>,
) -> String {
    let (Some(expected), Some(found)) = (expected, found) else {
        return "another state".to_owned();
    };
    let differs = expected
        .iter()
        .filter(|(name, value)| found.get(*name) != Some(value));
    let shown = differs.map(|(name, value)| {
        let found = found
            .get(name)
            .map_or_else(|| "nothing".to_owned(), ToString::to_string);
        shown(name, &found, &value.to_string())
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// A document as it stands in its collection.
pub(super) fn document(expected: &Expected, found: Option<Document>) -> Option<Difference> {
    let Some(mut found) = found else {
        return Some(Difference::of(Class::Missing, "no document"));
    };
    if found
        .remove("heldBack")
        .is_some_and(|held| held != Bson::Null)
    {
        return Some(Difference::of(Class::Held, "is held back"));
    }
    match found.get("version") {
        Some(Bson::Int64(version)) => {
            let version = u64::try_from(*version).unwrap_or_default();
            if let Some(difference) = versions(expected.version, version) {
                return Some(difference);
            }
        }
        other => {
            let other = other.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let detail = shown("version", &other, &expected.version.to_string());
            return Some(Difference::of(Class::Different, detail));
        }
    }
    let mut expected = match bson::serialize_to_document(&expected.document) {
        Ok(expected) => expected,
        Err(error) => return Some(Difference::of(Class::Different, error)),
    };
    expected.remove("heldBack");
    let fields = fields(&expected, &found);
    (!fields.is_empty()).then(|| Difference::of(Class::Different, fields.join("; ")))
}

/// Each field that differs, and how.
pub(super) fn fields(expected: &Document, found: &Document) -> Vec<String> {
    let mut differing = Vec::new();
    for (name, value) in expected {
        if found.get(name) != Some(value) {
            let found = found
                .get(name)
                .map_or_else(|| "nothing".to_owned(), ToString::to_string);
            differing.push(shown(name, &found, &value.to_string()));
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        differing.push(format!("{name} is too much"));
    }
    differing
}

/// The newest record of the order on the topic.
pub(super) fn newest(expected: &Expected, found: Option<&Newest>) -> Option<Difference> {
    let Some(found) = found else {
        return Some(Difference::of(Class::Missing, "no record"));
    };
    match versions(expected.version, found.version) {
        None if found
            .content
            .is_some_and(|content| content != expected.newest) =>
        {
            Some(Difference::of(
                Class::Different,
                "the newest record has another content",
            ))
        }
        versions => versions,
    }
}

fn versions(expected: u64, found: u64) -> Option<Difference> {
    let class = match found.cmp(&expected) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => Class::Behind,
        std::cmp::Ordering::Greater => Class::Different,
    };
    let detail = shown("version", &found.to_string(), &expected.to_string());
    Some(Difference::of(class, detail))
}

fn shown(name: &str, found: &str, expected: &str) -> String {
    let short = |text: &str| match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    format!("{name} is {}, should be {}", short(found), short(expected))
}
