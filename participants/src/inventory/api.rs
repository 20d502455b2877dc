use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, FromRequestParts, Path, State};
use axum::routing::get;
use axum::{Json, Router};
use domain::inventory::{Pieces, StockLevel};
use domain::{ItemId, OccurredOn, StoreId};
use event_store::{CommandContext, EventStoreError};
use http::request::Parts;
use runtime::http::{
    Access, AccessRule, Parameters, Problem, ProblemType, RequestContext, Scope, Violation,
};
use runtime::{Clock, Ids};
use serde::{Deserialize, Serialize};

use super::Stocks;
use super::stocks::CountError;

/// Who may reach what: the stock is the shop's own.
pub const ACCESS: &[AccessRule] = &[("/api/inventory", Access::Needs(Scope::Ops))];

/// The port this API listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8090;

#[derive(Clone)]
pub struct InventoryApi {
    pub stocks: Stocks,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

/// `GET` and `PUT /api/inventory/{storeId}/{itemId}`.
pub fn router(api: InventoryApi) -> Router {
    const LONGEST_BODY: usize = 4096;
    Router::new()
        .route("/api/inventory/{storeId}/{itemId}", get(show).put(count))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(api)
}

/// An item in a store.
struct Place {
    store: StoreId,
    item: ItemId,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let malformed = |detail: String| Problem::new(ProblemType::MalformedPath, detail);
        let Ok(Path((store, item))) = path else {
            let detail = "What is percent-encoded in the path is not UTF-8.";
            return Err(malformed(detail.to_owned()));
        };
        Ok(Self {
            store: StoreId::new(store).map_err(|e| malformed(format!("The store's id {e}.")))?,
            item: ItemId::new(item).map_err(|e| malformed(format!("The item's id {e}.")))?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    quantity: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    store_id: StoreId,
    item_id: ItemId,
    available: u64,
    reserved: u64,
    sold: u64,
}

fn answer(place: Place, level: StockLevel) -> Json<Answer> {
    Json(Answer {
        store_id: place.store,
        item_id: place.item,
        available: level.available,
        reserved: level.reserved,
        sold: level.sold,
    })
}

async fn show(
    State(api): State<InventoryApi>,
    place: Place,
    parameters: Parameters,
) -> Result<Json<Answer>, Problem> {
    parameters.finish()?;
    match api.stocks.level(&place.store, &place.item).await {
        Ok(Some(level)) => Ok(answer(place, level)),
        Ok(None) => Err(Problem::new(
            ProblemType::StockNotFound,
            "Nobody has counted this item in this store.",
        )),
        Err(error) => Err(problem(&error)),
    }
}

async fn count(
    State(api): State<InventoryApi>,
    place: Place,
    Extension(request): Extension<RequestContext>,
    body: Bytes,
) -> Result<Json<Answer>, Problem> {
    let quantity = quantity(&body)?;
    let context = CommandContext {
        command_id: api.ids.next(),
        correlation_id: request.request_id,
        traceparent: Some(request.traceparent),
        occurred_on: OccurredOn::new(api.clock.now()),
    };
    let counted = api
        .stocks
        .count(&place.store, &place.item, quantity, &context);
    match counted.await {
        Ok(level) => Ok(answer(place, level)),
        Err(error) => Err(problem(&error)),
    }
}

/// `{"quantity": 10}`
fn quantity(body: &[u8]) -> Result<Pieces, Problem> {
    let at_quantity = |kind, detail: String| {
        Problem::validation(vec![Violation {
            kind,
            pointer: Some("/quantity".to_owned()),
            parameter: None,
            detail,
        }])
    };
    if let Err(error) = serde_json::from_slice::<&serde_json::value::RawValue>(body) {
        let detail = format!("The body is not JSON: {error}.");
        return Err(Problem::new(ProblemType::MalformedJson, detail));
    }
    let counted: Counted = serde_json::from_slice(body)
        .map_err(|error| at_quantity(ProblemType::WrongType, format!("The body: {error}.")))?;
    Pieces::new(counted.quantity).map_err(|error| {
        at_quantity(
            ProblemType::QuantityOutOfRange,
            format!("/quantity {error}."),
        )
    })
}

fn problem(error: &CountError) -> Problem {
    match error {
        CountError::Refused(domain::inventory::StockError::BelowReserved { reserved }) => {
            Problem::new(ProblemType::BelowReserved, format!("{error}."))
                .with("reserved", (*reserved).into())
        }
        CountError::Store(EventStoreError::Conflict { .. } | EventStoreError::Overloaded) => {
            Problem::unavailable("Orders were faster each time. Nothing was written.")
        }
        CountError::Store(EventStoreError::OutcomeUnknown(_)) => Problem::new(
            ProblemType::OutcomeUnknown,
            "Postgres did not answer: the count may have been written. Send it again.",
        )
        .retry_after(1),
        CountError::Store(error) if error.is_transient() => {
            Problem::unavailable("Postgres is not available. Nothing was written.")
        }
        CountError::Refused(_) | CountError::State(..) | CountError::Store(_) => {
            tracing::error!(%error, "a stock cannot be counted or shown");
            Problem::internal()
        }
    }
}
