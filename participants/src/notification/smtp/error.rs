use lettre::transport::smtp::Error;

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It is this mail that is turned away for now (4xx): greylisted, or the mailbox is full. The
    /// server is there, other mails go through. To be tried again, for ever.
    #[error("the mail server turns the mail away for now: {0}")]
    Later(String),
    /// No mail would go through: no connection, no answer in time, no access. To be tried again,
    /// for ever. The mail may have been taken all the same, if only the answer was lost.
    #[error("the mail server is away: {0}")]
    Away(String),
    /// It would be refused again (5xx): for the desk.
    #[error("the mail is refused: {0}")]
    Refused(String),
}

impl MailError {
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Until a connection stands, whatever is said is not about a mail.
    pub(super) fn away(error: impl std::fmt::Display) -> Self {
        Self::Away(error.to_string())
    }

    /// Of what was said of a mail.
    pub(super) fn of(error: &Error) -> Self {
        /// The service is about to go, however the mail is.
        const CLOSING: u16 = 421;
        /// Access is missing: 530, 534, 535, 538.
        const ACCESS: std::ops::RangeInclusive<u16> = 530..=539;

        let status = error.status().map(u16::from);
        let said = error.to_string();
        match status {
            Some(code) if code == CLOSING || ACCESS.contains(&code) => Self::Away(said),
            Some(_) if error.is_permanent() => Self::Refused(said),
            Some(_) => Self::Later(said),
            None => Self::Away(said),
        }
    }
}
