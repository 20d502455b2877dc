use domain::contract::{Envelope, PublishedOrderEvent, headers};
use domain::order::{OrderCreated, OrderEvent, OrderLine, Quantity};
use domain::{CustomerId, ItemName, MenuItemId, Money, OccurredOn, RestaurantId};
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
    let key = TimeOrderedIds.next().to_string();
    let request = TimeOrderedIds.next().to_string();
    let line = |dish: usize| -> anyhow::Result<OrderLine> {
        Ok(OrderLine {
            menu_item_id: MenuItemId::new(format!("item-{dish}"))?,
            name: ItemName::new(["Pizza Margherita", "Pad Thai", "Falafel Bowl"][dish % 3])?,
            price: Money::from_json_number("12.99")?,
            quantity: Quantity::new(2)?,
        })
    };
    let event = OrderEvent::OrderCreated(OrderCreated {
        customer_id: CustomerId::new(format!("customer-{}", number % 5000))?,
        restaurant_id: RestaurantId::new(format!("restaurant-{}", number % 200))?,
        total_amount: Money::from_json_number("64.95")?,
        items: vec![line(number % 12)?, line(number % 7)?],
    });
    let envelope = Envelope {
        event_id: domain::event_id("Order", &key, 1),
        event_type: "OrderCreated".to_owned(),
        aggregate_type: "Order".to_owned(),
        aggregate_id: key.clone(),
        version: 1,
        schema_version: PublishedOrderEvent::SCHEMA_VERSION,
        occurred_on: OccurredOn::new(SystemClock.now()),
        correlation_id: request.clone(),
        causation_id: request,
    };
    Ok(Row {
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
