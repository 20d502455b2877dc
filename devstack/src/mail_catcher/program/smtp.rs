//! The receiving side of RFC 5321.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};

use crate::store::Store;

const LONGEST_LINE: u64 = 4096;
const LARGEST_MESSAGE: usize = 10 * 1024 * 1024;
const MOST_RECIPIENTS: usize = 100;

/// Recipients for whom mail goes wrong, by the local part of the address, up to a `+`:
/// `refused` has no mailbox, `later` is turned away the first time.
#[derive(Debug, Default)]
pub struct Faults {
    seen: Mutex<HashSet<String>>,
}

impl Faults {
    fn of(&self, recipient: &str) -> Option<&'static str> {
        let local = recipient.split(['@', '+']).next().unwrap_or_default();
        match local.to_ascii_lowercase().as_str() {
            "refused" => Some("550 5.1.1 there is no such mailbox"),
            "later" => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let first = seen.insert(recipient.to_ascii_lowercase());
                first.then_some("450 4.2.0 greylisted, try again later")
            }
            _ => None,
        }
    }
}

/// What has been said of the message under way.
#[derive(Default)]
struct Envelope {
    sender: Option<String>,
    recipients: Vec<String>,
}

pub fn converse(stream: &TcpStream, store: &Store, faults: &Faults) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    let mut envelope = Envelope::default();
    say(stream, "220 mail-catcher ESMTP")?;
    loop {
        let mut line = Vec::new();
        let read = (&mut input)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            return say(stream, "500 5.5.2 the line is too long, or cut off");
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                envelope = Envelope::default();
                let size = format!("250-SIZE {LARGEST_MESSAGE}");
                say(stream, "250-mail-catcher")?;
                say(stream, &size)?;
                say(stream, "250-8BITMIME")?;
                say(stream, "250-SMTPUTF8")?;
                say(stream, "250 PIPELINING")?;
            }
            "HELO" => {
                envelope = Envelope::default();
                say(stream, "250 mail-catcher")?;
            }
            "MAIL" if envelope.sender.is_some() => say(stream, "503 5.5.1 one mail at a time")?,
            "MAIL" => match path(rest, "FROM:") {
                Some(sender) => {
                    envelope.sender = Some(sender);
                    say(stream, "250 2.1.0 ok")?;
                }
                None => say(stream, "501 5.5.4 MAIL FROM:<address>")?,
            },
            "RCPT" if envelope.sender.is_none() => say(stream, "503 5.5.1 MAIL comes first")?,
            "RCPT" if envelope.recipients.len() >= MOST_RECIPIENTS => {
                say(stream, "452 4.5.3 too many recipients")?;
            }
            "RCPT" => match path(rest, "TO:").filter(|path| path.contains('@')) {
                Some(recipient) => match faults.of(&recipient) {
                    Some(refusal) => say(stream, refusal)?,
                    None => {
                        envelope.recipients.push(recipient);
                        say(stream, "250 2.1.5 ok")?;
                    }
                },
                None => say(stream, "501 5.5.4 RCPT TO:<address>")?,
            },
            "DATA" if envelope.recipients.is_empty() => say(stream, "503 5.5.1 to whom?")?,
            "DATA" => {
                say(stream, "354 end with a dot on a line of its own")?;
                let message = message(&mut input)?;
                let taken = std::mem::take(&mut envelope);
                let sender = taken.sender.unwrap_or_default();
                let answer = match message {
                    None => "552 5.3.4 the message is too large".to_owned(),
                    Some(message) => match store.keep(&sender, &taken.recipients, &message) {
                        Ok(id) => format!("250 2.0.0 kept as {id}"),
                        Err(error) => format!("451 4.3.0 cannot be kept: {error}"),
                    },
                };
                say(stream, &answer)?;
            }
            "RSET" => {
                envelope = Envelope::default();
                say(stream, "250 2.0.0 ok")?;
            }
            "NOOP" => say(stream, "250 2.0.0 ok")?,
            "QUIT" => return say(stream, "221 2.0.0 bye"),
            _ => say(stream, "502 5.5.1 not known here")?,
        }
    }
}

fn say(mut stream: &TcpStream, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes())
}

/// The address between the angle brackets; without one it is the empty sender of a bounce.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let start = rest.get(..keyword.len())?;
    if !start.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let path = rest[keyword.len()..].trim_start().strip_prefix('<')?;
    let (address, _) = path.split_once('>')?;
    (!address.contains(char::is_control)).then(|| address.to_owned())
}

/// The message up to the dot, without the dots that were doubled on the way; `None` where it was
/// too large, and then read to its end all the same. Only a dot between two proper line ends is
/// the end: where servers differ in that, one mail can be made to carry another.
fn message(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut fits = true;
    let mut at_line_start = true;
    loop {
        let mut line = Vec::new();
        let read = input.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if at_line_start && line == b".\r\n" {
            return Ok(fits.then_some(message));
        }
        let undoubled = match line.strip_prefix(b".") {
            Some(rest) if at_line_start => rest,
            _ => &line[..],
        };
        at_line_start = line.ends_with(b"\r\n");
        fits &= message.len() + undoubled.len() <= LARGEST_MESSAGE;
        if fits {
            message.extend_from_slice(undoubled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_at_a_dot_between_proper_line_ends() -> io::Result<()> {
        let sent = b"a\r\n..b\r\nc.\n.\nd\n.\r\ne\r\n.\r\nrest".as_slice();
        let mut input = sent;
        let read = message(&mut input)?;
        assert_eq!(
            read.as_deref(),
            Some(b"a\r\n.b\r\nc.\n.\nd\n.\r\ne\r\n".as_slice())
        );
        assert_eq!(input, b"rest");
        assert!(message(&mut b"cut off".as_slice()).is_err());
        Ok(())
    }

    #[test]
    fn addresses_stand_between_brackets() {
        assert_eq!(path("to: <a@b> X=Y", "TO:").as_deref(), Some("a@b"));
        assert_eq!(path("FROM:<>", "FROM:").as_deref(), Some(""));
        assert_eq!(path("FROM:a@b", "FROM:"), None);
        assert_eq!(path("ü", "TO:"), None);
    }
}
