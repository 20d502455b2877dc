//! Callers that are bound to a customer see that customer's orders only.

use runtime::http::{Caller, Problem, ProblemType};

/// The customer that a list is cut to: the caller's own, where it is bound to one.
pub fn for_customer(
    caller: &Caller,
    customer_id: Option<String>,
) -> Result<Option<String>, Problem> {
    match (&caller.customer_id, customer_id) {
        (None, asked) => Ok(asked),
        (Some(own), None) => Ok(Some(own.to_string())),
        (Some(_), Some(asked)) if caller.may_touch(&asked) => Ok(Some(asked)),
        (Some(_), Some(_)) => Err(forbidden()),
    }
}

/// What is about many customers is for nobody who is bound to one.
pub fn unbound_only(caller: &Caller) -> Result<(), Problem> {
    match caller.customer_id {
        None => Ok(()),
        Some(_) => Err(forbidden()),
    }
}

pub fn forbidden() -> Problem {
    Problem::new(
        ProblemType::ForbiddenCustomer,
        "The caller may see what belongs to its own customer, and nothing beyond.",
    )
}
