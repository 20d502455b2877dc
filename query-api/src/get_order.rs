use axum::extract::State;
use axum::response::Response;
use bson::{RawDocumentBuf, doc};
use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use read_models::{HeldBack, OrderEntry};
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
        let entries = orders.clone_with_type::<RawDocumentBuf>();
        let Some(found) = entries.find_one(doc! { "_id": &id }).await? else {
            return Ok(None);
        };
        Ok(Some(OrderEntry::read(&found)?))
    };
    let order = match in_time(query).await? {
        None => return Err(not_found(&id)),
        Some(OrderEntry::Stub(stub)) => return Err(held_back(&id, &stub.held_back)),
        Some(OrderEntry::Order(order)) => order,
    };
    let etag = HeaderValue::try_from(format!("\"{}\"", order.version));
    let body = serde_json::to_string(&OrderAnswer::from(order)).map_err(QueryError::from)?;
    let mut response = json(body);
    if let Ok(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

/// Not even the order's first event could be applied: there is nothing to show of it.
fn held_back(id: &str, held: &HeldBack) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "held-back",
        "The order cannot be shown yet.",
        format!("The order {id} exists. Its events wait until a dead letter is resolved."),
    )
    .with("deadLetterId", held.dead_letter_id.as_str().into())
    .with("fromVersion", held.from_version.into())
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
