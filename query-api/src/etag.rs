use axum::response::Response;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};
use read_models::OrderDocument;

/// What an answer about one order is marked with: the order's version.
///
/// A hold comes and goes without a new version, so what is shown of a held order is not to be kept,
/// and is never said to be what the caller has.
pub struct Tag {
    version: String,
    held: bool,
}

impl Tag {
    pub fn of(order: &OrderDocument) -> Self {
        Self {
            version: format!("\"{}\"", order.version),
            held: order.held_back.is_some(),
        }
    }

    /// Whether 304 says it all (RFC 9110, 13.1.2).
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        !self.held && has(headers, &self.version)
    }

    pub fn mark(&self, mut answer: Response) -> Response {
        let headers = answer.headers_mut();
        if let Ok(etag) = HeaderValue::try_from(&self.version) {
            headers.insert(ETAG, etag);
        }
        let keep = if self.held { "no-store" } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        answer
    }
}

/// Compared weakly, as it says there.
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    let mut known = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_version_in_a_list_weak_or_strong() {
        let headers = |values: &[&'static str]| {
            let values = values.iter().map(|v| HeaderValue::from_static(v));
            values.map(|value| (IF_NONE_MATCH, value)).collect()
        };
        for same in [
            &["\"3\""][..],
            &["W/\"3\""],
            &["*"],
            &["\"1\" , \"3\""],
            &["\"1\"", "\"3\""],
        ] {
            assert!(has(&headers(same), "\"3\""), "{same:?}");
        }
        for other in [&[][..], &["3"], &["\"33\""], &["w/\"3\""], &["\"\""]] {
            assert!(!has(&headers(other), "\"3\""), "{other:?}");
        }
    }
}
