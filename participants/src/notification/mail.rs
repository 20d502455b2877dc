//! What a mail says, whole: ready to be sent, and the same each time it is written.

mod address;
mod html;
mod plain;
mod settings;
mod text;
mod wording;

use std::sync::Arc;

use domain::FailureReason;
use domain::notification::{NotificationKind, Recipient, message_id};
use lettre::address::Envelope;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use runtime::Clock;

pub use settings::{MailArgs, MailArgsError, Mailbox};

use wording::Wording;

/// Who writes the mails.
#[derive(Clone)]
pub struct Sender {
    from: Mailbox,
    message_id_host: String,
    clock: Arc<dyn Clock>,
}

/// One mail to one customer.
#[derive(Clone, Debug)]
pub struct Mail {
    message_id: String,
    envelope: Envelope,
    message: String,
}

/// The mail cannot be written, however often it is tried: for the desk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("the customer's address is none that mail can be sent to: {0}")]
    Address(String),
    #[error("the mail cannot be put together: {0}")]
    Message(String),
}

impl Sender {
    pub fn new(args: &MailArgs, clock: Arc<dyn Clock>) -> Self {
        Self {
            from: args.mail_from.clone(),
            message_id_host: args.mail_message_id_host.clone(),
            clock,
        }
    }

    /// The mail that tells `recipient` of the order. Written again, it differs in its `Date` only.
    pub fn compose(
        &self,
        order_id: &str,
        kind: NotificationKind,
        recipient: &Recipient,
        reason: Option<&FailureReason>,
    ) -> Result<Mail, ComposeError> {
        let message_id = message_id(order_id, kind, &self.message_id_host);
        let to = address::of(&recipient.email)?;
        let envelope = Envelope::new(Some(self.from.address.clone()), vec![to.clone()])
            .map_err(|error| ComposeError::Message(error.to_string()))?;
        let wording = Wording::of(order_id, kind, recipient, reason);
        let from = Address::new_address(self.from.name.as_deref(), self.from.address.to_string());
        let parts = vec![
            MimePart::new("text/plain", plain::body(&wording, recipient)),
            MimePart::new("text/html", html::body(&wording, recipient)),
        ];
        let alternatives = ContentType::new("multipart/alternative");
        let message = MessageBuilder::new()
            .from(from)
            .to(to.to_string())
            .subject(wording.subject())
            .date(self.clock.now().as_second())
            .message_id(message_id.trim_matches(['<', '>']))
            // Nobody's absence notice or ticket system is to answer.
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .body(MimePart::new(
                alternatives.attribute("boundary", boundary(&message_id)),
                parts,
            ))
            .write_to_string()
            .map_err(|error| ComposeError::Message(error.to_string()))?;
        Ok(Mail {
            message_id,
            envelope,
            message,
        })
    }
}

impl Mail {
    /// With its angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// Not a random one, so that a mail is the same when it is written again. No text of a customer's
/// ends its part all the same: encoded, it has no `=_`, and as it is, it never begins a line.
fn boundary(message_id: &str) -> String {
    let unique = message_id.trim_start_matches('<').split('@').next();
    format!("=_{}", unique.unwrap_or_default())
}
