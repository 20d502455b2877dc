//! What comes from customers, made fit to stand in a mail.

/// As one line, and in the direction it is written in: a name with a line feed or with marks that
/// turn the direction of writing could show other prices than the order has.
pub(super) fn line(text: &str) -> String {
    let unfit = |c: char| {
        c.is_control()
            || matches!(
                c,
                '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
            )
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    let fit = text.chars().map(|c| if unfit(c) { ' ' } else { c });
    fit.collect()
}

/// The same, to stand in HTML, also within quotes.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::new();
    for c in line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_lines_nor_tags_nor_directions_get_through() {
        assert_eq!(line("a\r\nBcc: b\u{202e}c\u{2028}ü"), "a  Bcc: b c ü");
        assert_eq!(
            html("<a href=\"x\">&'"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"
        );
    }
}
