//! As much of MIME as showing a mail takes.

use std::fmt::Write as _;

/// How deep parts may lie in parts.
const DEEPEST: usize = 8;

pub struct Message {
    pub head: String,
    body: Vec<u8>,
}

impl Message {
    pub fn read(raw: &[u8]) -> Self {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = match end {
            // A part may have no headers at all.
            _ if raw.starts_with(b"\r\n") => (&raw[..0], &raw[2..]),
            Some(end) => (&raw[..end], &raw[end + 4..]),
            None => (raw, &raw[..0]),
        };
        Self {
            head: String::from_utf8_lossy(head).into_owned(),
            body: body.to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// The values of all headers of that name, each as one line.
    fn headers(&self, name: &str) -> Vec<String> {
        let unfolded = self.head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let lines = unfolded.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// Without the angle brackets.
    pub fn message_id(&self) -> String {
        let id = self.header("Message-ID").unwrap_or_default();
        id.trim_matches(['<', '>']).to_owned()
    }

    pub fn subject(&self) -> String {
        words(&self.header("Subject").unwrap_or_default())
    }

    /// To whom it was sent, whatever it says itself.
    pub fn recipients(&self) -> Vec<String> {
        self.headers("Delivered-To")
    }

    /// The texts it consists of, each with its kind.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        self.collect(&mut texts, DEEPEST);
        texts
    }

    fn collect(&self, texts: &mut Vec<(String, String)>, depth: usize) {
        let content_type = self.header("Content-Type").unwrap_or_default();
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let kind = kind.to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            if let (Some(boundary), 1..) = (boundary(&content_type), depth) {
                for part in parts(&self.body, &boundary) {
                    Self::read(part).collect(texts, depth - 1);
                }
            }
        } else if kind.is_empty() || kind.starts_with("text/") {
            let encoding = self.header("Content-Transfer-Encoding");
            let encoding = encoding.unwrap_or_default().to_ascii_lowercase();
            let bytes = match encoding.as_str() {
                "base64" => base64(&self.body),
                "quoted-printable" => quoted_printable(&self.body),
                _ => self.body.clone(),
            };
            texts.push((kind, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")?;
    let value = &content_type[at + "boundary=".len()..];
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split(';').next()?.trim(),
    };
    Some(value.to_owned())
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut starts: Vec<usize> = body
        .windows(delimiter.len())
        .enumerate()
        .filter(|(at, window)| *window == delimiter && (*at == 0 || body[at - 1] == b'\n'))
        .map(|(at, _)| at)
        .collect();
    starts.push(body.len());
    // What comes before the first is the preamble; after the last, the one with two dashes more.
    let between = starts.windows(2).map(|pair| &body[pair[0]..pair[1]]);
    between
        .filter_map(|part| part[delimiter.len()..].strip_prefix(b"\r\n"))
        .map(|part| part.strip_suffix(b"\r\n").unwrap_or(part))
        .collect()
}

/// A header's text, with what RFC 2047 encodes in it.
fn words(header: &str) -> String {
    let mut text = String::new();
    let mut after_encoded = false;
    for word in header.split(' ') {
        let decoded = encoded_word(word);
        // The space between two encoded words is not part of the text.
        let joined = after_encoded && decoded.is_some();
        if !text.is_empty() && !joined {
            text.push(' ');
        }
        after_encoded = decoded.is_some();
        text.push_str(decoded.as_deref().unwrap_or(word));
    }
    text
}

fn encoded_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut fields = inner.splitn(3, '?').skip(1);
    let (encoding, text) = (fields.next()?, fields.next()?);
    let bytes = match encoding {
        "B" | "b" => base64(text.as_bytes()),
        _ => quoted_printable(text.replace('_', " ").as_bytes()),
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn base64(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for c in text {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}

fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = |digit: u8| char::from(digit).to_digit(16);
        match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push((high << 4 | low) as u8);
                    rest = after;
                }
                _ => bytes.push(*first),
            },
            _ => bytes.push(*first),
        }
    }
    bytes
}

pub fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_parts_and_the_headers() {
        let raw = "Delivered-To: a@b\r\nMessage-ID: <1@h>\r\n\
            Subject: =?utf-8?b?R3LDvMOf?= =?utf-8?q?e_=C3=A0?= plus\r\n\
            Content-Type: multipart/alternative;\r\n boundary=\"x\"\r\n\r\npreamble\r\n\
            --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            a=\r\n=C3=BC --x\r\n--x\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\nw7w=\r\n--x--\r\n";
        let mail = Message::read(raw.as_bytes());
        assert_eq!(mail.subject(), "Grüße à plus");
        assert_eq!(mail.message_id(), "1@h");
        assert_eq!(mail.recipients(), ["a@b"]);
        let texts = mail.texts();
        let texts: Vec<_> = texts
            .iter()
            .map(|(k, t)| (k.as_str(), t.as_str()))
            .collect();
        assert_eq!(texts, [("text/plain", "aü --x"), ("text/html", "<b>ü")]);
        assert_eq!(json("a\"\\\n"), "\"a\\\"\\\\\\u000a\"");
    }
}
