use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The position of a page's last item, opaque to callers.
pub fn encode(position: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {position}"))
}

/// `None` for what this API did not make.
pub fn decode(text: &str) -> Option<i64> {
    let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    place.strip_prefix("1 ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_text_and_refuses_others() {
        assert_eq!(decode(&encode(1_234_567)), Some(1_234_567));
        for other in ["", "!!", "MQ", "MiA3", "MSB4", "\u{fc}"] {
            assert_eq!(decode(other), None, "{other}");
        }
    }
}
