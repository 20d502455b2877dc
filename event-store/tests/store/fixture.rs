use domain::order::{NewOrder, Order, OrderCommand, OrderLine, Quantity};
use domain::{
    CancelReason, CustomerId, ItemName, MenuItemId, Money, OccurredOn, PaymentId, RestaurantId,
};
use event_store::{
    CommandContext, CommandExecutor, Database, DatabaseConfig, Doorbell, EventStore, Outbox,
};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub const TOPIC: &str = "order-events";

/// A migrated database of a test's own.
pub struct Fixture {
    pub url: String,
    pub database: Database,
    pub store: EventStore<Order>,
    pub outbox: Outbox,
}

#[expect(clippy::disallowed_methods, reason = "tests must not share names")]
pub fn unique() -> Uuid {
    Uuid::now_v7()
}

pub fn database(url: &str, schema: Option<&str>) -> Database {
    Database::new(&DatabaseConfig {
        url: url.to_owned(),
        schema: schema.map(str::to_owned),
        connections: 8,
    })
    .unwrap()
}

pub fn order_store(database: &Database) -> EventStore<Order> {
    EventStore::new(database.clone(), TOPIC, Doorbell::default())
}

impl Fixture {
    pub async fn new() -> Self {
        let name = format!("t_{}", unique().simple());
        let url = devstack::shared_postgres()
            .await
            .create_database(&name)
            .await
            .unwrap();
        Self::at(url).await
    }

    pub async fn at(url: String) -> Self {
        let database = database(&url, None);
        database.migrate().await.unwrap();
        Self {
            store: order_store(&database),
            outbox: Outbox::new(database.clone()),
            database,
            url,
        }
    }

    pub fn executor(&self) -> CommandExecutor<Order> {
        CommandExecutor::new(self.store.clone(), ())
    }

    /// A connection past the store, to look at rows or to break something.
    pub async fn psql(&self) -> Client {
        psql(&self.url).await
    }

    pub async fn count(&self, table: &str) -> i64 {
        let row = self
            .psql()
            .await
            .query_one(&format!("SELECT count(*) FROM {table}"), &[])
            .await;
        row.unwrap().get(0)
    }
}

pub async fn psql(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub fn context() -> CommandContext {
    CommandContext {
        command_id: unique(),
        correlation_id: "correlation-1".to_owned(),
        traceparent: None,
        occurred_on: "2026-11-21T10:00:00.123456Z".parse::<OccurredOn>().unwrap(),
    }
}

pub fn new_id() -> String {
    unique().to_string()
}

pub fn pizza() -> NewOrder {
    NewOrder::new(
        CustomerId::new("customer-123").unwrap(),
        RestaurantId::new("restaurant-456").unwrap(),
        Money::from_json_number("45.99").unwrap(),
        vec![OrderLine {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price: Money::from_json_number("12.99").unwrap(),
            quantity: Quantity::new(2).unwrap(),
        }],
    )
    .unwrap()
}

pub fn create() -> OrderCommand {
    OrderCommand::Create(pizza())
}

pub fn confirm(payment: &str) -> OrderCommand {
    OrderCommand::Confirm {
        payment_id: PaymentId::new(payment).unwrap(),
    }
}

pub fn cancel(reason: &str) -> OrderCommand {
    OrderCommand::Cancel {
        reason: CancelReason::new(reason).unwrap(),
    }
}
