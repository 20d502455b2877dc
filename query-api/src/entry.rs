use std::sync::Arc;

use read_models::{HeldBack, OrderEntry};
use runtime::http::{Caller, Problem, ProblemType};
use uuid::Uuid;

use crate::Queries;
use crate::live::Live;
use crate::query_error::QueryError;

impl Queries {
    /// What there is of an order for this caller: an order of another customer than the one that a
    /// caller is bound to is none, and neither is one of which the customer is not known.
    pub(crate) async fn entry(
        &self,
        id: &str,
        caller: &Caller,
    ) -> Result<(Option<OrderEntry>, Arc<Live>), QueryError> {
        let (found, live) = self.reads.read(id).await?;
        let entry = found.map(|found| OrderEntry::read(&found)).transpose()?;
        Ok((entry.filter(|entry| shows(caller, entry)), live))
    }
}

fn shows(caller: &Caller, entry: &OrderEntry) -> bool {
    match entry {
        OrderEntry::Order(order) => caller.may_touch(order.customer_id.as_str()),
        OrderEntry::Stub(_) => caller.customer_id.is_none(),
    }
}

/// As order ids are written; whatever is no UUID is looked for as it stands, and not found.
pub fn order_id(text: String) -> String {
    Uuid::try_parse(&text).map_or(text, |uuid| uuid.hyphenated().to_string())
}

/// Not even the order's first event could be applied: there is nothing to show of it.
pub fn held_back(id: &str, held: &HeldBack) -> Problem {
    Problem::new(
        ProblemType::HeldBack,
        format!("The order {id} exists. Its events wait until a dead letter is resolved."),
    )
    .with("deadLetterId", held.dead_letter_id.as_str().into())
    .with("fromVersion", held.from_version.into())
}

pub fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        ProblemType::OrderNotFound,
        format!("The read model has no order with the id {shown:?}."),
    )
}
