use axum::extract::State;
use axum::response::Response;
use bson::{DateTime, Document, doc};
use domain::order::OrderStatus;
use futures::TryStreamExt;
use read_models::OrderDocument;
use runtime::http::{ParameterFault, Parameters, Problem};
use serde::Serialize;

use crate::LiveGeneration;
use crate::answer::{OrderAnswer, json};
use crate::cursor::Cursor;
use crate::live::{QueryError, in_time};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    orders: Vec<OrderAnswer>,
    /// For the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct ListOrders {
    filter: Document,
    limit: i64,
}

/// `GET /api/orders?customerId=&restaurantId=&status=&from=&to=&limit=&cursor=`, newest first.
/// `from` is the first instant shown and `to` the first that is not, by creation time.
pub async fn list_orders(
    State(live): State<LiveGeneration>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let ListOrders { filter, limit } = read(parameters)?;
    let query = async {
        let orders = live.orders().await?;
        let newest_first = doc! { "createdAt": -1, "_id": -1 };
        let found = orders.find(filter).sort(newest_first).limit(limit + 1);
        Ok(found.await?.try_collect().await?)
    };
    let mut found: Vec<OrderDocument> = in_time(query).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| {
        let cursor = Cursor {
            created_at: last.created_at,
            order_id: last.order_id.clone(),
        };
        cursor.encode()
    });
    let page = Page {
        orders: found.into_iter().map(OrderAnswer::from).collect(),
        next_cursor,
    };
    Ok(json(
        serde_json::to_string(&page).map_err(QueryError::from)?,
    ))
}

fn read(mut parameters: Parameters) -> Result<ListOrders, Problem> {
    // A stub stands for an order of which nothing can be shown.
    let mut filter = doc! { "version": { "$gt": 0 } };
    for name in ["customerId", "restaurantId"] {
        if let Some(id) = parameters.one(name, |id| Ok(id.to_owned())) {
            filter.insert(name, id);
        }
    }
    if let Some(status) = parameters.one("status", status) {
        filter.insert("status", status.as_str());
    }
    let mut created = Document::new();
    if let Some(from) = parameters.one("from", instant) {
        created.insert("$gte", from);
    }
    if let Some(to) = parameters.one("to", instant) {
        created.insert("$lt", to);
    }
    if !created.is_empty() {
        filter.insert("createdAt", created);
    }
    if let Some(cursor) = parameters.one("cursor", cursor) {
        filter.insert("$and", [cursor.after()]);
    }
    let limit = i64::from(parameters.limit(DEFAULT_LIMIT, MAX_LIMIT));
    parameters.finish()?;
    Ok(ListOrders { filter, limit })
}

fn status(text: &str) -> Result<OrderStatus, ParameterFault> {
    OrderStatus::from_name(text).ok_or_else(|| ParameterFault {
        kind: "unknown-status",
        detail: format!(
            "is none of {}",
            OrderStatus::ALL.map(OrderStatus::as_str).join(", ")
        ),
    })
}

/// In whole milliseconds, rounded up: documents carry no finer times, and a bound inside a
/// millisecond must not let through what lies before it.
fn instant(text: &str) -> Result<DateTime, ParameterFault> {
    let at = runtime::http::instant(text)?;
    let millis = at.as_millisecond();
    // Before 1970 both are negative, and cutting has rounded up already.
    let finer = at.subsec_nanosecond() % 1_000_000 > 0;
    Ok(DateTime::from_millis(millis + i64::from(finer)))
}

fn cursor(text: &str) -> Result<Cursor, ParameterFault> {
    Cursor::decode(text).ok_or_else(runtime::http::invalid_cursor)
}
