use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{TextError, checked_text};

/// Where mail reaches a customer. Only what can be no address at all is refused: whether there is
/// a mailbox, the mail itself will tell.
///
/// As with the texts, the rule guards what comes in; reading back what is stored checks nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct EmailAddress(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressError {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("is not a mail address such as name@example.org")]
    NoAddress,
}

impl EmailAddress {
    /// Of RFC 5321: what fits between the angle brackets of a path.
    pub const MAX_CHARS: usize = 254;

    pub fn new(text: impl Into<String>) -> Result<Self, EmailAddressError> {
        let text = checked_text(text.into(), Self::MAX_CHARS)?;
        let strange = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';');
        match text.rsplit_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => {
                if text.contains(strange) || name.contains('@') {
                    return Err(EmailAddressError::NoAddress);
                }
                Ok(Self(text))
            }
            _ => Err(EmailAddressError::NoAddress),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_and_nothing_that_could_be_two() {
        for text in ["a@b", "jürgen.o'neil+tag@mail.example.org"] {
            assert_eq!(EmailAddress::new(text).unwrap().as_str(), text);
        }
        for text in ["a", "@b", "a@", "a@b, c@d", "A <a@b>", "a@b@c", "a b@c"] {
            let refused = EmailAddress::new(text);
            assert_eq!(refused, Err(EmailAddressError::NoAddress), "{text}");
        }
        let newline = EmailAddress::new("a@b\r\nBcc: c@d");
        assert!(matches!(newline, Err(EmailAddressError::Text(_))));
    }
}
