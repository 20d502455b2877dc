//! The mail server that the mails are handed to.

mod dialogue;
mod error;
mod mailer;
mod server;
mod settings;

pub use error::MailError;
pub use mailer::Mailer;
pub use settings::{SmtpArgs, SmtpError};
