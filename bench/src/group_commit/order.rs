use cqrs_es::{Aggregate, DomainEvent};
use domain::EventSourced;
use domain::contract::{Envelope, headers};
use domain::order::{Order, OrderCreated, OrderEvent, OrderLine, Quantity};
use domain::{
    CancelReason, Currency, CustomerId, ItemName, MenuItemId, Money, OccurredOn, PaymentId,
    RestaurantId,
};
use event_store::CommandContext;
use runtime::{Clock, Ids, SystemClock, TimeOrderedIds};
use uuid::Uuid;

/// An order's first events, and the order after them.
pub struct Life {
    pub events: Vec<OrderEvent>,
    pub order: Order,
}

impl Life {
    pub fn of(events: usize) -> anyhow::Result<Self> {
        let line = |dish: &str, price: &str| -> anyhow::Result<OrderLine> {
            Ok(OrderLine {
                menu_item_id: MenuItemId::new(dish)?,
                name: ItemName::new("Pizza Margherita")?,
                price: Money::from_json_number(price)?,
                quantity: Quantity::new(2)?,
            })
        };
        let events: Vec<OrderEvent> = [
            OrderEvent::OrderCreated(OrderCreated {
                customer_id: CustomerId::new("customer-123")?,
                restaurant_id: RestaurantId::new("restaurant-456")?,
                total_amount: Money::from_json_number("64.95")?,
                currency: Currency::default(),
                items: vec![line("item-1", "12.99")?, line("item-2", "8.50")?],
                saga: None,
            }),
            OrderEvent::OrderConfirmed {
                payment_id: PaymentId::new("payment-1")?,
                saga_flow: None,
            },
            OrderEvent::OrderCancelled {
                reason: CancelReason::new("The kitchen has closed")?,
                saga_flow: None,
            },
        ]
        .into_iter()
        .take(events)
        .collect();
        let mut order = Order::default();
        for event in events.clone() {
            order.apply(event);
        }
        Ok(Self { events, order })
    }
}

/// What the store writes of events, one column each.
#[derive(Default)]
pub struct Rows {
    pub versions: Vec<i64>,
    pub types: Vec<String>,
    pub event_versions: Vec<String>,
    pub payloads: Vec<String>,
    pub ids: Vec<Uuid>,
    pub published: Vec<String>,
    pub headers: Vec<String>,
}

impl Rows {
    pub fn of(
        stream: &str,
        expected: u64,
        events: &[OrderEvent],
        context: &CommandContext,
    ) -> anyhow::Result<Self> {
        let mut rows = Self::default();
        for (version, event) in (expected + 1..).zip(events) {
            let envelope = Envelope {
                event_id: domain::event_id(Order::TYPE, stream, version),
                event_type: event.event_type(),
                aggregate_type: Order::TYPE.to_owned(),
                aggregate_id: stream.to_owned(),
                version,
                schema_version: Order::published_schema_version(event),
                occurred_on: context.occurred_on,
                correlation_id: context.correlation_id.clone(),
                causation_id: context.command_id.to_string(),
            };
            rows.versions.push(version as i64);
            rows.types.push(event.event_type());
            rows.event_versions.push(event.event_version());
            rows.payloads.push(serde_json::to_string(event)?);
            rows.ids.push(envelope.event_id);
            let headers = headers(&envelope, None);
            rows.headers.push(serde_json::to_string(&headers)?);
            rows.published
                .push(Order::publish(envelope, event.clone())?);
        }
        Ok(rows)
    }
}

pub fn new_id() -> String {
    TimeOrderedIds.next().to_string()
}

pub fn context() -> CommandContext {
    CommandContext {
        command_id: TimeOrderedIds.next(),
        correlation_id: new_id(),
        traceparent: None,
        occurred_on: OccurredOn::new(SystemClock.now()),
    }
}
