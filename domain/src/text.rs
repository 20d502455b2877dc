use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("is blank")]
    Blank,
    #[error("is longer than {max} characters")]
    TooLong { max: usize },
    /// Control characters have no place in a name, and Postgres cannot store U+0000 at all.
    #[error("contains a control character")]
    ControlCharacter,
}

/// A text of at most `max` characters, not blank, without control characters.
pub fn checked_text(text: String, max: usize) -> Result<String, TextError> {
    if text.chars().any(char::is_control) {
        Err(TextError::ControlCharacter)
    } else if text.trim().is_empty() {
        Err(TextError::Blank)
    } else if text.chars().count() > max {
        Err(TextError::TooLong { max })
    } else {
        Ok(text)
    }
}

/// Declares a text of at most `$max` characters, not blank, without control characters.
///
/// The rule guards what comes in. Reading back what is stored checks nothing: a stricter rule of
/// tomorrow does not make yesterday's event unreadable.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The largest number of characters.
            pub const MAX_CHARS: usize = $max;

            pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
                checked_text(text.into(), Self::MAX_CHARS).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// Who orders.
    CustomerId, 128
);
text!(
    /// Who cooks.
    RestaurantId, 128
);
text!(
    /// What is on the menu.
    MenuItemId, 128
);
text!(
    /// The payment that confirms an order.
    PaymentId, 128
);
text!(
    /// The name of a dish as the customer saw it when ordering.
    ItemName, 256
);
text!(
    /// Why an order was cancelled.
    CancelReason, 500
);
text!(
    /// Why something could not be done.
    FailureReason, 500
);
text!(
    /// Who has the goods. An order's restaurant, where it is an order of dishes.
    StoreId, 128
);
text!(
    /// What a store has pieces of.
    ItemId, 128
);
text!(
    /// What the customer pays with, as the provider knows it: `CreditCard`.
    PaymentMethod, 64
);
text!(
    /// A payment as the provider calls it.
    IntentId, 128
);

impl FailureReason {
    /// Of a text of our own, or of one that comes from elsewhere: what is too long is cut, and
    /// a control character becomes a space.
    pub fn of(text: &str) -> Self {
        let allowed = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let cut: String = allowed.take(Self::MAX_CHARS).collect();
        Self(if cut.trim().is_empty() {
            "no reason given".to_owned()
        } else {
            cut
        })
    }
}

/// Both are texts of the same rule: nothing is lost.
impl From<FailureReason> for CancelReason {
    fn from(reason: FailureReason) -> Self {
        Self(reason.0)
    }
}

impl From<CancelReason> for FailureReason {
    fn from(reason: CancelReason) -> Self {
        Self(reason.0)
    }
}

impl From<&RestaurantId> for StoreId {
    fn from(restaurant: &RestaurantId) -> Self {
        Self(restaurant.0.clone())
    }
}

impl From<&MenuItemId> for ItemId {
    fn from(item: &MenuItemId) -> Self {
        Self(item.0.clone())
    }
}

impl From<IntentId> for PaymentId {
    fn from(intent: IntentId) -> Self {
        Self(intent.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert!(CustomerId::new("ü".repeat(128)).is_ok());
        assert_eq!(
            CustomerId::new("ü".repeat(129)),
            Err(TextError::TooLong { max: 128 })
        );
    }

    #[test]
    fn reasons_from_elsewhere_are_made_to_fit() {
        assert_eq!(
            FailureReason::of("do not\nhonour").as_str(),
            "do not honour"
        );
        assert_eq!(
            FailureReason::of(&"ü".repeat(999)).as_str(),
            "ü".repeat(500)
        );
        assert_eq!(FailureReason::of("\u{0} ").as_str(), "no reason given");
    }

    #[test]
    fn refuses_blank_and_control_characters() {
        assert_eq!(CustomerId::new(""), Err(TextError::Blank));
        assert_eq!(CustomerId::new(" \u{a0} "), Err(TextError::Blank));
        assert_eq!(CustomerId::new("a\u{0}b"), Err(TextError::ControlCharacter));
        assert_eq!(CustomerId::new("\n"), Err(TextError::ControlCharacter));
    }
}
