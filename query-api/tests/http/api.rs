use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use bson::{DateTime, doc};
use domain::order::OrderStatus;
use domain::{CustomerId, ItemName, MenuItemId, Money, RestaurantId};
use http::{HeaderMap, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use query_api::LiveGeneration;
use read_models::{Generation, ItemDocument, OrderDocument, ProjectionPointer, ReadDatabase};
use runtime::SequentialIds;
use runtime::health::Health;
use runtime::http::Operations;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

/// The whole API on a database of its own.
pub struct Api {
    router: Router,
    pub database: ReadDatabase,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
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
        let database = ReadDatabase::new(uri, &unique_name()).await.unwrap();
        let operations = Operations {
            health: Health::default(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        };
        let router = query_api::router(LiveGeneration::new(database.clone()));
        let router = runtime::http::operations(router, operations);
        Self {
            router: runtime::http::with_context(router, Arc::new(SequentialIds::default())),
            database,
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
        let pointer = ProjectionPointer {
            projection: OrderDocument::PROJECTION.to_owned(),
            live,
        };
        self.database
            .pointers()
            .replace_one(doc! { "_id": &pointer.projection }, &pointer)
            .upsert(true)
            .await
            .unwrap();
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.call(request).await
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
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
fn unique_name() -> String {
    format!("t_{}", Uuid::now_v7().simple())
}
