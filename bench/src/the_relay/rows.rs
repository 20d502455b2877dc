use domain::contract::{Envelope, PublishedOrderEvent, headers};
use domain::order::{OrderCreated, OrderEvent, OrderLine, Quantity};
use domain::{Currency, CustomerId, ItemName, MenuItemId, Money, OccurredOn, RestaurantId};
use runtime::{Clock, Ids, SystemClock, TimeOrderedIds};
use uuid::Uuid;

/// An outbox row as the store makes it, for the first event of an order.
pub struct Row {
    pub id: Uuid,
    pub key: String,
    pub payload: String,
    pub headers: Vec<(String, String)>,
    pub slot: i16,
}

impl Row {
    /// An event as the store publishes it, of now and of a request of its own.
    pub fn new(key: String, version: u64, event: OrderEvent) -> anyhow::Result<Self> {
        let request = TimeOrderedIds.next().to_string();
        let envelope = Envelope {
            event_id: domain::event_id("Order", &key, version),
            event_type: event.kind().as_str().to_owned(),
            aggregate_type: "Order".to_owned(),
            aggregate_id: key.clone(),
            version,
            schema_version: PublishedOrderEvent::schema_version(event.kind()),
            occurred_on: OccurredOn::new(SystemClock.now()),
            correlation_id: request.clone(),
            causation_id: request,
        };
        Ok(Self {
            id: envelope.event_id,
            headers: headers(&envelope, None).into_iter().collect(),
            slot: event_store::slot(&key) as i16,
            payload: PublishedOrderEvent {
                envelope,
                content: event.into(),
            }
            .to_json()?,
            key,
        })
    }

    pub fn headers_json(&self) -> anyhow::Result<String> {
        let headers: std::collections::BTreeMap<_, _> = self.headers.iter().cloned().collect();
        Ok(serde_json::to_string(&headers)?)
    }
}

/// New orders without end.
#[derive(Default)]
pub struct Rows {
    made: usize,
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.made += 1;
        order(self.made).ok()
    }
}

fn order(number: usize) -> anyhow::Result<Row> {
    Row::new(TimeOrderedIds.next().to_string(), 1, created(number)?)
}

/// What the order of this number begins with.
pub fn created(number: usize) -> anyhow::Result<OrderEvent> {
    let line = |dish: usize| -> anyhow::Result<OrderLine> {
        Ok(OrderLine {
            menu_item_id: MenuItemId::new(format!("item-{dish}"))?,
            name: ItemName::new(["Pizza Margherita", "Pad Thai", "Falafel Bowl"][dish % 3])?,
            price: Money::from_json_number("12.99")?,
            quantity: Quantity::new(2)?,
        })
    };
    Ok(OrderEvent::OrderCreated(OrderCreated {
        customer_id: CustomerId::new(format!("customer-{}", number % 5000))?,
        restaurant_id: RestaurantId::new(format!("restaurant-{}", number % 200))?,
        total_amount: Money::from_json_number("64.95")?,
        currency: Currency::default(),
        items: vec![line(number % 12)?, line(number % 7)?],
        saga: None,
    }))
}
