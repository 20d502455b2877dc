use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::group_commit::order::{Life, Rows, context, new_id};

/// With as many customers and restaurants, no total is made of more orders than a real one.
const CUSTOMERS: usize = 5000;
const RESTAURANTS: usize = 200;

/// Bodies that create the order which pgbench inserts, for many customers and at many restaurants.
pub fn bodies() -> anyhow::Result<Vec<Bytes>> {
    let life = Life::of(1)?;
    let rows = Rows::of(&new_id(), 0, &life.events, &context())?;
    let published: Value = serde_json::from_str(&rows.published[0])?;
    let body = |number| {
        let body = json!({
            "customerId": format!("customer-{number}"),
            "restaurantId": format!("restaurant-{}", number % RESTAURANTS),
            "totalAmount": published["totalAmount"],
            "items": published["items"],
        });
        Bytes::from(body.to_string())
    };
    Ok((0..CUSTOMERS).map(body).collect())
}

/// Of an order, from its path.
pub fn id(location: &str) -> &str {
    location.rsplit('/').next().unwrap_or(location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_order_that_pgbench_inserts() {
        let bodies = bodies().unwrap();
        let body = std::str::from_utf8(&bodies[4999]).unwrap();
        for part in [
            r#""customerId":"customer-4999""#,
            r#""restaurantId":"restaurant-199""#,
            r#""totalAmount":64.95"#,
            r#""price":12.99"#,
            r#""price":8.5"#,
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
    }

    #[test]
    fn an_id_is_the_end_of_its_path() {
        assert_eq!(id("/api/orders/01a1"), "01a1");
    }
}
