use domain::payment::{Payment, PaymentCommand, PaymentError, PaymentEvent};
use domain::saga::{Does, Reaction, Seen, payment};

use crate::Rules;

/// An order's payment is asked for, and stopped or given back.
pub struct PaymentRules;

impl Rules for PaymentRules {
    const CONSUMER: &'static str = "payment";
    type Aggregate = Payment;

    fn react(table: &[Reaction], seen: &Seen<'_>) -> Vec<(Does, PaymentCommand)> {
        payment(table, seen)
    }

    fn decide(payment: &Payment, command: PaymentCommand) -> Result<Vec<PaymentEvent>, String> {
        match payment.decide(command) {
            Ok(event) => Ok(event.into_iter().collect()),
            Err(PaymentError::OrderIsOver) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}
