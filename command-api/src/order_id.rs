use runtime::http::{Problem, ProblemType};
use uuid::Uuid;

/// Order ids are made by this API, as UUIDs: any other text names no order.
pub fn parse(id: &str) -> Result<String, Problem> {
    Uuid::try_parse(id)
        .map(|id| id.hyphenated().to_string())
        .map_err(|_| not_found(id))
}

pub fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        ProblemType::OrderNotFound,
        format!("No order has the id {shown:?}."),
    )
}
