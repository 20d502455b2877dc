use domain::order::QuantityError;
use domain::{CurrencyError, EmailAddressError, MoneyError, TextError};
use runtime::http::{ParameterFault, ProblemType, Violation};

/// What is wrong with one field, without its place.
pub struct FieldFault {
    kind: ProblemType,
    detail: String,
}

impl FieldFault {
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    /// At a JSON pointer; empty for the whole body.
    pub fn at(self, pointer: String) -> Violation {
        let place = if pointer.is_empty() {
            "The body"
        } else {
            &pointer
        };
        Violation {
            kind: self.kind,
            detail: format!("{place} {}.", self.detail),
            pointer: Some(pointer),
            parameter: None,
        }
    }
}

impl From<TextError> for FieldFault {
    fn from(error: TextError) -> Self {
        let kind = match error {
            TextError::Blank => ProblemType::Blank,
            TextError::TooLong { .. } => ProblemType::TooLong,
            TextError::ControlCharacter => ProblemType::ControlCharacter,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<MoneyError> for FieldFault {
    fn from(error: MoneyError) -> Self {
        let kind = match error {
            MoneyError::NotANumber => ProblemType::WrongType,
            MoneyError::TooManyDecimalPlaces => ProblemType::TooManyDecimalPlaces,
            MoneyError::Negative => ProblemType::NegativeAmount,
            MoneyError::TooLarge => ProblemType::AmountTooLarge,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<CurrencyError> for FieldFault {
    fn from(error: CurrencyError) -> Self {
        let kind = match error {
            CurrencyError::NotACode => ProblemType::NoCurrencyCode,
            CurrencyError::Unknown => ProblemType::UnknownCurrency,
        };
        Self::new(kind, error.to_string())
    }
}

/// A rule that holds for parameters too.
impl From<ParameterFault> for FieldFault {
    fn from(fault: ParameterFault) -> Self {
        Self::new(fault.kind, fault.detail)
    }
}

impl From<QuantityError> for FieldFault {
    fn from(error: QuantityError) -> Self {
        Self::new(ProblemType::QuantityOutOfRange, error.to_string())
    }
}

impl From<EmailAddressError> for FieldFault {
    fn from(error: EmailAddressError) -> Self {
        match error {
            EmailAddressError::Text(error) => error.into(),
            EmailAddressError::NoAddress => {
                Self::new(ProblemType::NoEmailAddress, error.to_string())
            }
        }
    }
}
