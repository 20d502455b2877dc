use std::sync::Arc;

use event_store::{IdempotencyRecord, KEPT_FOR, StoredAnswer};
use http::{HeaderMap, HeaderName};
use runtime::http::{Caller, Problem, ProblemType};

use super::Fingerprint;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST: usize = 255;

/// A caller's name for one command: two callers may choose the same one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    pub caller: Arc<str>,
    pub key: Arc<str>,
}

impl IdempotencyKey {
    /// `None` without the header.
    pub fn read(headers: &HeaderMap, caller: &Caller) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
        let key = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value.to_str().ok().and_then(content),
            (Some(_), Some(_)) => None,
        };
        let key = key.ok_or_else(malformed)?;
        Ok(Some(Self {
            caller: caller.name.clone(),
            key: key.into(),
        }))
    }

    /// An answer, as it is kept under this key.
    pub fn record(&self, fingerprint: &Fingerprint, answer: StoredAnswer) -> IdempotencyRecord {
        IdempotencyRecord {
            caller: self.caller.as_ref().to_owned(),
            key: self.key.as_ref().to_owned(),
            fingerprint: fingerprint.as_bytes().to_vec(),
            answer,
            kept_for: KEPT_FOR,
        }
    }

    pub fn required() -> Problem {
        Problem::new(
            ProblemType::IdempotencyKeyRequired,
            "Send an Idempotency-Key header, such as a UUID made for this command, and the same one \
             when you send the command again.",
        )
    }
}

/// 1 to 255 visible characters; a structured field's string (RFC 9651) stands for its content.
fn content(value: &str) -> Option<String> {
    let value = value.trim();
    let content = if value.starts_with('"') {
        unquoted(value)?
    } else {
        value.to_owned()
    };
    let fits = (1..=LONGEST).contains(&content.len());
    (fits && content.bytes().all(|b| b.is_ascii_graphic())).then_some(content)
}

fn unquoted(value: &str) -> Option<String> {
    let mut inner = value.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut content = String::new();
    while let Some(next) = inner.next() {
        content.push(match next {
            '"' => return None,
            '\\' => inner.next().filter(|c| matches!(c, '"' | '\\'))?,
            other => other,
        });
    }
    Some(content)
}

fn malformed() -> Problem {
    Problem::new(
        ProblemType::MalformedIdempotencyKey,
        format!("Send one key of 1 to {LONGEST} visible ASCII characters, quoted or not."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_key_quoted_or_not() {
        let longest = "k".repeat(LONGEST);
        for (value, key) in [
            ("k", "k"),
            ("\"k\"", "k"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("a\"b", "a\"b"),
            (&longest, &longest),
        ] {
            assert_eq!(content(value).as_deref(), Some(key), "{value}");
        }
        let too_long = "k".repeat(LONGEST + 1);
        for value in [
            "", "\"\"", "\"", "\"k", "\"k\\\"", "\"a\"b\"", "\"a\\b\"", "a b", "\"a b\"", "\u{7f}",
            "k\u{e4}", &too_long,
        ] {
            assert_eq!(content(value), None, "{value}");
        }
    }
}
