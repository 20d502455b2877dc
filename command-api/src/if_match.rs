use axum::extract::FromRequestParts;
use event_store::ExpectedVersion;
use http::header::IF_MATCH;
use http::request::Parts;
use runtime::http::{Problem, ProblemType};

/// The version the caller decided on: `If-Match: "3"`, an order's `ETag` as it stands. Without the
/// header, or with `*`, any version will do.
pub struct IfMatch(pub ExpectedVersion);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IF_MATCH).iter();
        let expected = match (values.next(), values.next()) {
            (None, _) => Some(ExpectedVersion::Any),
            (Some(value), None) => value.to_str().ok().and_then(read),
            (Some(_), Some(_)) => None,
        };
        expected.map(Self).ok_or_else(|| {
            Problem::new(
                ProblemType::MalformedIfMatch,
                "Send one ETag of the order as it was given, such as \"3\", or *.",
            )
        })
    }
}

fn read(value: &str) -> Option<ExpectedVersion> {
    match value.trim() {
        "*" => Some(ExpectedVersion::Any),
        etag => {
            let version = etag.strip_prefix('"')?.strip_suffix('"')?;
            let digits = version.bytes().all(|b| b.is_ascii_digit());
            let version = version.parse().ok().filter(|_| digits)?;
            Some(ExpectedVersion::Exactly(version))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_etag_or_a_star() {
        assert_eq!(read("\"3\""), Some(ExpectedVersion::Exactly(3)));
        assert_eq!(read("*"), Some(ExpectedVersion::Any));
        for other in [
            "3",
            "\"\"",
            "\"+3\"",
            "W/\"3\"",
            "\"1\", \"2\"",
            "\"x\"",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
