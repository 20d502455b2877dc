use axum::extract::State;
use axum::response::Response;
use bson::doc;
use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use runtime::http::{PathText, Problem};
use uuid::Uuid;

use crate::LiveGeneration;
use crate::answer::{OrderAnswer, json};
use crate::live::{QueryError, in_time};

/// `GET /api/orders/{id}`. The `ETag` is the version the read model has.
pub async fn get_order(
    State(live): State<LiveGeneration>,
    PathText(id): PathText,
) -> Result<Response, Problem> {
    // As order ids are written; whatever is no UUID is looked for as it stands, and not found.
    let id = Uuid::try_parse(&id).map_or(id, |uuid| uuid.hyphenated().to_string());
    let query = async {
        let orders = live.orders().await?;
        Ok(orders.find_one(doc! { "_id": &id }).await?)
    };
    let found = in_time(query).await?;
    let order = found.ok_or_else(|| not_found(&id))?;
    let etag = HeaderValue::try_from(format!("\"{}\"", order.version));
    let body = serde_json::to_string(&OrderAnswer::from(order)).map_err(QueryError::from)?;
    let mut response = json(body);
    if let Ok(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

fn not_found(id: &str) -> Problem {
    let shown: String = id.chars().take(64).collect();
    Problem::new(
        StatusCode::NOT_FOUND,
        "order-not-found",
        "There is no such order.",
        format!("The read model has no order with the id {shown:?}."),
    )
}
