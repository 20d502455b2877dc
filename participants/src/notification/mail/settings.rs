use lettre::Address;

/// An address, with the name of whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: Address,
}

/// What all mails have in common.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Mail")]
pub struct MailArgs {
    /// Whom the mails are from: an address, or `Name <address>`
    #[arg(
        long,
        env = "MAIL_FROM",
        default_value = "Orders <orders@localhost>",
        value_parser = mailbox,
        value_name = "MAILBOX"
    )]
    pub mail_from: Mailbox,

    /// What stands after the @ in each mail's Message-ID. A mailbox knows a mail that is sent again
    /// by its Message-ID, so changing this may tell a customer twice
    #[arg(
        long,
        env = "MAIL_MESSAGE_ID_HOST",
        default_value = "orders.localhost",
        value_parser = host,
        value_name = "HOST"
    )]
    pub mail_message_id_host: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailArgsError {
    #[error("is not a mail address, or a name and an address as in `Orders <orders@example.org>`")]
    NoMailbox,
    #[error("is not a host name such as orders.example.org")]
    NoHost,
}

impl MailArgs {
    pub fn new(from: &str, message_id_host: &str) -> Result<Self, MailArgsError> {
        Ok(Self {
            mail_from: mailbox(from)?,
            mail_message_id_host: host(message_id_host)?,
        })
    }
}

fn mailbox(text: &str) -> Result<Mailbox, MailArgsError> {
    let (name, address) = match text.strip_suffix('>') {
        Some(text) => text.split_once('<').ok_or(MailArgsError::NoMailbox)?,
        None => ("", text),
    };
    let name = name.trim().trim_matches('"');
    let address: Address = address.parse().map_err(|_| MailArgsError::NoMailbox)?;
    // Of one's own address it is known how it is written in ASCII.
    let fit = address.to_string().is_ascii() && !name.contains(char::is_control);
    let mailbox = Mailbox {
        name: (!name.is_empty()).then(|| name.to_owned()),
        address,
    };
    fit.then_some(mailbox).ok_or(MailArgsError::NoMailbox)
}

/// As it may stand in a header: no line ends, no brackets, no spaces.
fn host(text: &str) -> Result<String, MailArgsError> {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        Ok(text.to_owned())
    } else {
        Err(MailArgsError::NoHost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_gets_into_the_headers() {
        let args = |from, host| MailArgs::new(from, host).err();
        assert_eq!(
            args("Bestellungen für Köln <a@b.example>", "b.example"),
            None
        );
        assert_eq!(args("a@b.example", "localhost"), None);
        for from in [
            "",
            "a",
            "a@b, c@d",
            "A\r\nBcc: x@y <a@b>",
            "a@bücher.example",
        ] {
            assert_eq!(args(from, "b"), Some(MailArgsError::NoMailbox), "{from}");
        }
        for host in ["", "a b", "a>\r\nX: y", "a..b", "bücher.example"] {
            assert_eq!(args("a@b", host), Some(MailArgsError::NoHost), "{host}");
        }
    }
}
