use std::collections::BTreeSet;

use serde_json::Value;

/// What may always change.
const ANNOTATIONS: [&str; 4] = ["$schema", "$id", "title", "description"];

/// What a reader of `old` may stumble over in records of `new`, or `new` in records that are on
/// the topic already. `raised`: they are of different schema versions, `new` of the later one.
///
/// Fields may be added, new ones that are always there with a new schema version only. What is
/// said of a field that is there stays word for word: a wider range surprises readers, a narrower
/// one disowns old records.
pub(super) fn breaks(old: &Value, new: &Value, raised: bool) -> Vec<String> {
    let mut found = Vec::new();
    compare("", old, new, raised, &mut found);
    found
}

fn compare(path: &str, old: &Value, new: &Value, raised: bool, found: &mut Vec<String>) {
    let (Some(before), Some(after)) = (old.as_object(), new.as_object()) else {
        if old != new {
            found.push(format!("{path} was {old} and is {new}"));
        }
        return;
    };
    let keywords: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for keyword in keywords {
        let (was, is) = (&old[keyword], &new[keyword]);
        match keyword.as_str() {
            keyword if ANNOTATIONS.contains(&keyword) => {}
            "const" if raised && path == "/schemaVersion" => {}
            "properties" => {
                for (name, was) in was.as_object().into_iter().flatten() {
                    match is.get(name) {
                        None => found.push(format!("{path}/{name} was removed")),
                        Some(is) => compare(&format!("{path}/{name}"), was, is, raised, found),
                    }
                }
            }
            "required" => {
                let (was, is) = (names(was), names(is));
                for name in was.difference(&is) {
                    found.push(format!("{path}/{name} is no longer always there"));
                }
                for name in is.difference(&was).filter(|_| !raised) {
                    found.push(format!(
                        "{path}/{name} is required by the same schema version"
                    ));
                }
            }
            "items" => compare(&format!("{path}/items"), was, is, raised, found),
            keyword if was != is => {
                found.push(format!("{path}: {keyword} was {was} and is {is}"));
            }
            _ => {}
        }
    }
}

fn names(required: &Value) -> BTreeSet<&str> {
    let names = required.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}
