use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use command_api::{CommandApi, Owner, Settings};
use domain::order::Order;
use event_store::dead_letters::DeadLetters;
use event_store::{CommandExecutor, Database, DatabaseConfig, Doorbell, EventStore, Grouping};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use runtime::health::Health;
use runtime::http::{Caller, Operations};
use runtime::{Ids, ManualClock, SequentialIds, TimeOrderedIds};
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

/// The order of the README.
pub const EXAMPLE: &str = r#"{"customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":45.99,"items":[{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}]}"#;

/// What the clock of every test shows.
pub const NOW: &str = "2026-11-21T10:00:00.123456Z";

/// The whole API on a database of its own.
pub struct Api {
    router: Router,
    pub dead_letters: DeadLetters,
    pub database: tokio_postgres::Client,
}

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

/// A participant's schema, which nobody may have made.
pub fn in_schema(url: &str, schema: &str) -> Database {
    connected(url, Some(schema))
}

fn connected(url: &str, schema: Option<&str>) -> Database {
    Database::new(&DatabaseConfig {
        url: url.to_owned(),
        schema: schema.map(str::to_owned),
        connections: 8,
    })
    .unwrap()
}

impl Api {
    pub async fn new() -> Self {
        Self::on(&Self::database().await).await
    }

    /// Names a new database.
    pub async fn database() -> String {
        let server = devstack::shared_postgres().await;
        server.create_database(&unique_name()).await.unwrap()
    }

    pub async fn on(url: &str) -> Self {
        Self::with(url, Grouping::default(), Settings::default()).await
    }

    /// A process of its own: its ids are no other's.
    pub async fn beside(url: &str) -> Self {
        let ids = Arc::new(TimeOrderedIds);
        Self::made(url, Grouping::default(), Settings::default(), ids).await
    }

    pub async fn with(url: &str, grouping: Grouping, settings: Settings) -> Self {
        Self::made(url, grouping, settings, Arc::new(SequentialIds::default())).await
    }

    async fn made(url: &str, grouping: Grouping, settings: Settings, ids: Arc<dyn Ids>) -> Self {
        let database = connected(url, None);
        database.migrate().await.unwrap();
        let dead_letters = DeadLetters::new(database.clone());
        let store: EventStore<Order> =
            EventStore::new(database, "order-events", Doorbell::default()).with_grouping(grouping);
        let now: Timestamp = NOW.parse().unwrap();
        let keys = store.idempotency_keys();
        let api = CommandApi::new(
            CommandExecutor::new(store, ()),
            keys,
            dead_letters.clone(),
            Arc::new(ManualClock::at(now)),
            ids.clone(),
            settings,
        )
        .with_desk(Owner::Inventory, &in_schema(url, "inventory"));
        let operations = Operations {
            health: Health::default(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        };
        let router = runtime::http::operations(command_api::router(api), operations);
        let router = router.layer(from_fn(somebody));
        Self {
            router: runtime::http::with_context(router, ids),
            dead_letters,
            database: connect(url).await,
        }
    }

    /// The same API, with a new connection of the test's own.
    pub async fn reconnected(self, url: &str) -> Self {
        Self {
            database: connect(url).await,
            ..self
        }
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

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Sends a command under a key.
    pub async fn once(&self, key: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.call(keyed(key, path, body)).await
    }

    /// How many answers are kept.
    pub async fn kept(&self) -> i64 {
        let sql = "SELECT count(*) FROM idempotency_keys";
        self.database.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.call(post(path, body)).await
    }

    /// The id of a new order.
    pub async fn create(&self) -> String {
        let answer = self.post("/api/orders", EXAMPLE).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["orderId"].as_str().unwrap().to_owned()
    }

    pub async fn confirm(&self, order: &str, payment: &str) -> Answer {
        let body = format!(r#"{{"paymentId":"{payment}"}}"#);
        self.post(&format!("/api/orders/{order}/confirm"), body)
            .await
    }

    pub async fn cancel(&self, order: &str, reason: &str) -> Answer {
        let body = format!(r#"{{"reason":"{reason}"}}"#);
        self.post(&format!("/api/orders/{order}/cancel"), body)
            .await
    }

    /// How many rows there are in events, outbox and orders.
    pub async fn rows(&self) -> (i64, i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox),
                          (SELECT count(*) FROM orders)";
        let row = self.database.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1), row.get(2))
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// What a caller can see of it, but for what differs from request to request: status, body,
    /// and the headers the command led to.
    pub fn essence(&self) -> (StatusCode, &str, Vec<Option<&HeaderValue>>) {
        let headers = ["content-type", "etag", "location"].map(|name| self.headers.get(name));
        (self.status, &self.text, headers.into())
    }

    /// Whether it is the answer to an earlier request.
    pub fn is_replayed(&self) -> bool {
        self.headers
            .get("idempotency-replayed")
            .is_some_and(|value| value == "true")
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

    /// Of a validation problem: each fault as `kind pointer`, or `kind parameter`.
    pub fn faults(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::BAD_REQUEST, "{}", self.text);
        assert_eq!(self.problem(), "validation-failed");
        let problem = self.json();
        let faults = problem["errors"].as_array().unwrap().iter();
        faults
            .map(|fault| {
                let place = fault["pointer"].as_str().or(fault["parameter"].as_str());
                let place = place.unwrap();
                assert!(fault["detail"].as_str().unwrap().ends_with('.'), "{fault}");
                format!("{} {place}", kind(fault))
            })
            .collect()
    }
}

fn kind(problem: &Value) -> String {
    let kind = problem["type"].as_str().unwrap();
    kind.strip_prefix("/problems/").unwrap().to_owned()
}

pub fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// With an `Idempotency-Key`.
pub fn keyed(key: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = post(path, body);
    let key = key.try_into().unwrap();
    request.headers_mut().insert("idempotency-key", key);
    request
}

/// From a caller of this name, who may be bound to a customer.
pub fn from(caller: &str, customer_id: Option<&str>, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(Caller {
        name: caller.into(),
        customer_id: customer_id.map(Into::into),
        ..Caller::anyone()
    });
    request
}

/// The example with a field's value replaced by this text.
pub fn example_with(field: &str, value: &str) -> String {
    let start = EXAMPLE.find(&format!("\"{field}\":")).unwrap() + field.len() + 3;
    let rest = &EXAMPLE[start..];
    let end = match field {
        "items" => rest.len() - 1,
        _ => rest.find([',', '}']).unwrap(),
    };
    format!("{}{value}{}", &EXAMPLE[..start], &rest[end..])
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

#[expect(
    clippy::disallowed_methods,
    reason = "the servers are shared: names differ from run to run"
)]
fn unique_name() -> String {
    format!("t_{}", Uuid::now_v7().simple())
}
