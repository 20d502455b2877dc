use std::fmt;

use lettre::address::Envelope;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};

use crate::notification::mail::Mail;

use super::MailError;

/// Whether the server is there still; it forgets what was begun on the connection.
pub(super) async fn begins_anew(connection: &mut AsyncSmtpConnection) -> bool {
    connection.command(Rset).await.is_ok()
}

/// Hands the mail over. Where it is the mail that is not taken, the connection is still good.
pub(super) async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    mail: &Mail,
) -> Result<(), MailError> {
    let envelope = mail.envelope();
    let sender = From::new(envelope.from().cloned(), parameters(connection, mail)?);
    answered(connection.command(sender).await)?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        answered(connection.command(recipient).await)?;
    }
    answered(connection.command(Data).await)?;
    answered(connection.command(Content(mail.message())).await)
}

fn answered<T>(answer: Result<T, lettre::transport::smtp::Error>) -> Result<(), MailError> {
    answer.map(|_| ()).map_err(|error| MailError::of(&error))
}

/// What the mail asks of the server beyond ASCII.
fn parameters(
    connection: &AsyncSmtpConnection,
    mail: &Mail,
) -> Result<Vec<MailParameter>, MailError> {
    let is_beyond_ascii = |envelope: &Envelope| {
        let mut addresses = envelope.from().into_iter().chain(envelope.to());
        addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii())
    };
    let mut parameters = Vec::new();
    let mut ask = |extension, parameter, name| {
        if !connection.server_info().supports_feature(extension) {
            let lacking = format!("the mail server lacks {name}");
            return Err(MailError::Refused(lacking));
        }
        parameters.push(parameter);
        Ok(())
    };
    if is_beyond_ascii(mail.envelope()) {
        let utf8 = MailParameter::SmtpUtfEight;
        ask(Extension::SmtpUtfEight, utf8, "SMTPUTF8")?;
    }
    if !mail.message().is_ascii() {
        let eight_bits = MailParameter::Body(MailBodyParameter::EightBitMime);
        ask(Extension::EightBitMime, eight_bits, "8BITMIME")?;
    }
    Ok(parameters)
}

/// The message with its end. As one piece: of two, TCP keeps the second back until the first is
/// acknowledged, which takes the other side 40 ms.
struct Content<'a>(&'a str);

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.lines() {
            let doubled = if line.starts_with('.') { "." } else { "" };
            write!(f, "{doubled}{line}\r\n")?;
        }
        f.write_str(".\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_a_dot_alone() {
        let content = Content("Subject: x\r\n\r\n.\n..a\r\nb.").to_string();
        assert_eq!(content, "Subject: x\r\n\r\n..\r\n...a\r\nb.\r\n.\r\n");
    }
}
