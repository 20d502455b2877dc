use domain::order::QuantityError;
use domain::{MoneyError, TextError};
use runtime::http::{ParameterFault, Violation};

/// What is wrong with one field, without its place.
pub struct FieldFault {
    kind: &'static str,
    detail: String,
}

impl FieldFault {
    pub fn new(kind: &'static str, detail: impl Into<String>) -> Self {
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
            TextError::Blank => "blank",
            TextError::TooLong { .. } => "too-long",
            TextError::ControlCharacter => "control-character",
        };
        Self::new(kind, error.to_string())
    }
}

impl From<MoneyError> for FieldFault {
    fn from(error: MoneyError) -> Self {
        let kind = match error {
            MoneyError::NotANumber => "wrong-type",
            MoneyError::TooManyDecimalPlaces => "too-many-decimal-places",
            MoneyError::Negative => "negative-amount",
            MoneyError::TooLarge => "amount-too-large",
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
        Self::new("quantity-out-of-range", error.to_string())
    }
}
