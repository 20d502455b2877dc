use domain::Money;

/// What becomes of a payment. Its amount's cents decide, so that a test chooses by the order alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Plain,
    Declined,
    CapturedLate,
    WebhooksTwice,
    WebhooksReversed,
    NeverAnswered,
    FailsFirst,
    HangsFirst,
}

/// For `--help`.
pub const RULES: &str = "\
What becomes of a payment, by the cents of its amount:
  .01  declined: the call is answered 402
  .02  authorised at once, captured late
  .03  every webhook is sent twice
  .04  webhooks come in reverse: captured, authorized, pending
  .05  never answered: stays pending, without any webhook, until it is cancelled
  .06  the first two calls are answered 500 and do nothing
  .07  the first call hangs, and is carried out
Any other amount, such as 299.99, is authorised and captured at once.";

/// Calls that fail before one does not.
pub const FAILING_CALLS: u8 = 2;

impl Rule {
    pub fn of(amount: Money) -> Self {
        match amount.hundredths() % 100 {
            1 => Self::Declined,
            2 => Self::CapturedLate,
            3 => Self::WebhooksTwice,
            4 => Self::WebhooksReversed,
            5 => Self::NeverAnswered,
            6 => Self::FailsFirst,
            7 => Self::HangsFirst,
            _ => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_decide_and_the_help_names_each() {
        let of = |amount: &str| Rule::of(Money::from_json_number(amount).unwrap());
        assert_eq!(of("299.99"), Rule::Plain);
        assert_eq!(of("1.00"), Rule::Plain);
        assert_eq!(of("0.01"), Rule::Declined);
        assert_eq!(of("1000000000000"), Rule::Plain);
        for cents in 0..100 {
            let cents = format!("{cents:02}");
            let listed = RULES.contains(&format!("  .{cents}  "));
            assert_eq!(listed, of(&format!("10.{cents}")) != Rule::Plain, "{cents}");
        }
    }
}
