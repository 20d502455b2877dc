use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use bson::{DateTime, doc};
use domain::order::OrderStatus;
use domain::{Currency, CustomerId, ItemName, MenuItemId, Money, RestaurantId};
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use query_api::{Bounds, Queries};
use read_models::{
    Generation, ItemDocument, OrderDocument, PartitionFreshness, ProjectionPointer, ReadDatabase,
};
use runtime::health::Health;
use runtime::http::{Caller, Limits, Operations};
use runtime::{ManualClock, SequentialIds};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;

/// The whole API on a database of its own.
pub struct Api {
    router: Router,
    pub database: ReadDatabase,
    /// Stands still at [`NOW`] unless it is moved.
    pub clock: Arc<ManualClock>,
    pub stop: CancellationToken,
    _stop: DropGuard,
}

pub const NOW: &str = "2026-11-21T12:00:00Z";

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// In the place of authentication, which has tests of its own: the caller that a test names, or
/// anyone.
async fn somebody(mut request: Request<Body>, next: Next) -> Response {
    if request.extensions().get::<Caller>().is_none() {
        request.extensions_mut().insert(Caller::anyone());
    }
    next.run(request).await
}

impl Api {
    /// Where no projector has run.
    pub async fn unprojected() -> Self {
        Self::on(devstack::shared_mongodb().await.uri()).await
    }

    /// With a live generation of these orders.
    pub async fn with(orders: &[OrderDocument]) -> Self {
        let api = Self::unprojected().await;
        api.project(1, orders).await;
        api
    }

    pub async fn on(uri: &str) -> Self {
        Self::of(&ReadDatabase::new(uri, &unique_name()).await.unwrap())
    }

    /// A process that has just started.
    pub fn of(database: &ReadDatabase) -> Self {
        let bounds = Bounds {
            heartbeat: Duration::from_millis(100),
            ..Bounds::default()
        };
        Self::bounded(database, bounds)
    }

    pub fn bounded(database: &ReadDatabase, bounds: Bounds) -> Self {
        let limits = Limits {
            concurrent: 1000,
            rate: None,
        };
        Self::limited(database, bounds, limits)
    }

    pub fn limited(database: &ReadDatabase, bounds: Bounds, limits: Limits) -> Self {
        let database = database.clone();
        let clock = Arc::new(ManualClock::at(NOW.parse::<Timestamp>().unwrap()));
        let stop = CancellationToken::new();
        let queries = Queries::new(database.clone(), clock.clone(), bounds, stop.clone());
        tokio::spawn(queries.clone().run());
        let operations = Operations {
            health: Health::default(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        };
        let router = runtime::http::with_limits(query_api::router(queries), limits);
        let router = runtime::http::operations(router, operations);
        let router = router.layer(from_fn(somebody));
        Self {
            router: runtime::http::with_context(router, Arc::new(SequentialIds::default())),
            database,
            clock,
            _stop: stop.clone().drop_guard(),
            stop,
        }
    }

    pub fn generation(&self, number: u32) -> Generation {
        Generation::new(
            self.database.database().name(),
            OrderDocument::PROJECTION,
            number,
            OrderDocument::SCHEMA_VERSION,
        )
    }

    /// Fills a generation and makes it the live one.
    pub async fn project(&self, number: u32, orders: &[OrderDocument]) {
        let generation = self.generation(number);
        let collection = self.database.orders(&generation);
        collection
            .create_indexes(OrderDocument::indexes())
            .await
            .unwrap();
        self.insert(number, orders).await;
        self.point_to(generation).await;
    }

    pub async fn insert(&self, number: u32, orders: &[OrderDocument]) {
        if !orders.is_empty() {
            let collection = self.database.orders(&self.generation(number));
            collection.insert_many(orders).await.unwrap();
        }
    }

    pub async fn point_to(&self, live: Generation) {
        self.point(OrderDocument::PROJECTION, live).await;
    }

    pub async fn point(&self, projection: &str, live: Generation) {
        let pointer = ProjectionPointer {
            projection: projection.to_owned(),
            live,
            previous: None,
        };
        self.database
            .pointers()
            .replace_one(doc! { "_id": &pointer.projection }, &pointer)
            .upsert(true)
            .await
            .unwrap();
    }

    /// Says of each partition of a generation how far it is.
    pub async fn applied_through(&self, generation: &Generation, partitions: &[&str]) {
        for (partition, applied_through) in (0..).zip(partitions) {
            let freshness = PartitionFreshness {
                id: format!("{}/{partition}", generation.group),
                group: generation.group.clone(),
                partition,
                partitions: partitions.len() as i32,
                applied_through: time(applied_through),
            };
            self.database
                .raise_applied_through(&freshness)
                .await
                .unwrap();
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(request(path, headers)).await
    }

    /// Asks as somebody who is bound to a customer.
    pub async fn get_as(&self, customer_id: &str, path: &str) -> Answer {
        let mut request = request(path, &[]);
        request.extensions_mut().insert(Caller {
            customer_id: Some(customer_id.into()),
            ..Caller::anyone()
        });
        self.call(request).await
    }

    pub async fn response(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.response(request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The ids of the listed orders, in the list's order.
    pub async fn list(&self, query: &str) -> Vec<String> {
        self.get(&format!("/api/orders?{query}")).await.ids()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let page = self.json();
        let orders = page["orders"].as_array().unwrap().iter();
        orders
            .map(|order| order["orderId"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn next_cursor(&self) -> Option<String> {
        self.json()["nextCursor"].as_str().map(str::to_owned)
    }

    /// The kind of a problem, which must look like one in every respect.
    pub fn problem(&self) -> String {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{}",
            self.text
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        kind(&problem)
    }

    /// Of a validation problem: each fault as `kind parameter`.
    pub fn faults(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::BAD_REQUEST, "{}", self.text);
        assert_eq!(self.problem(), "validation-failed");
        let problem = self.json();
        let faults = problem["errors"].as_array().unwrap().iter();
        faults
            .map(|fault| {
                let parameter = fault["parameter"].as_str().unwrap();
                assert!(fault["detail"].as_str().unwrap().ends_with('.'), "{fault}");
                format!("{} {parameter}", kind(fault))
            })
            .collect()
    }

    /// A 503 that may be tried again, and tells nothing of the inside.
    pub fn unavailable(&self) {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.problem(), "unavailable");
        assert_eq!(self.headers["retry-after"], "1");
        for detail in ["127.0.0.1", "localhost", "mongo", "refused", "selection"] {
            let text = self.text.to_lowercase();
            assert!(!text.contains(detail), "{detail}: {}", self.text);
        }
    }
}

pub fn request(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::get(path);
    let with = |request: http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    let request = headers.iter().fold(request, with);
    request.body(Body::empty()).unwrap()
}

fn kind(problem: &Value) -> String {
    let kind = problem["type"].as_str().unwrap();
    kind.strip_prefix("/problems/").unwrap().to_owned()
}

/// A pending order as the projector writes it.
pub fn order(id: &str) -> OrderDocument {
    let at = time("2026-11-21T10:00:00.123Z");
    OrderDocument {
        order_id: id.to_owned(),
        version: 1,
        status: OrderStatus::Pending,
        customer_id: CustomerId::new("customer-123").unwrap(),
        restaurant_id: RestaurantId::new("restaurant-456").unwrap(),
        total_amount: money("45.99"),
        currency: Currency::default(),
        items: vec![ItemDocument {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price: money("12.99"),
            quantity: 2,
        }],
        payment_id: None,
        cancel_reason: None,
        created_at: at,
        updated_at: at,
        timeline: Vec::new(),
        held_back: None,
    }
}

pub fn money(text: &str) -> Money {
    Money::from_json_number(text).unwrap()
}

pub fn time(text: &str) -> DateTime {
    let at: jiff::Timestamp = text.parse().unwrap();
    DateTime::from_millis(at.as_millisecond())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the servers are shared: names differ from run to run"
)]
pub fn unique_name() -> String {
    format!("t_{}", Uuid::now_v7().simple())
}
