use serde::{Deserialize, Serialize};

use super::{Envelope, money_number};
use crate::order::{OrderEvent, OrderEventType};
use crate::{CancelReason, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId};

/// An event of an order as the topic carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedOrderEvent {
    pub envelope: Envelope,
    pub content: OrderContent,
}

/// What is particular to an event type. In JSON its fields stand beside the envelope's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderContent {
    Created(PublishedOrder),
    Confirmed { payment_id: PaymentId },
    Cancelled { reason: CancelReason },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedOrder {
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    #[serde(with = "money_number")]
    pub total_amount: Money,
    pub items: Vec<PublishedItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedItem {
    pub menu_item_id: MenuItemId,
    pub name: ItemName,
    #[serde(with = "money_number")]
    pub price: Money,
    pub quantity: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Confirmed {
    payment_id: PaymentId,
}

#[derive(Serialize, Deserialize)]
struct Cancelled {
    reason: CancelReason,
}

/// Why a record is not an event this code can read.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    #[error("not an event: {0}")]
    Envelope(#[source] serde_json::Error),
    #[error("unknown event type {0:?}")]
    UnknownEventType(String),
    #[error("{event_type} has schema version {found}, this code knows {known}")]
    UnknownSchemaVersion {
        event_type: &'static str,
        found: u32,
        known: u32,
    },
    #[error("{event_type} has unexpected content: {source}")]
    Content {
        event_type: &'static str,
        source: serde_json::Error,
    },
}

impl PublishedOrderEvent {
    /// The schema version of all order events on the topic.
    pub const SCHEMA_VERSION: u32 = 1;

    /// Reads a record's value.
    pub fn parse(json: &[u8]) -> Result<Self, ContractError> {
        let envelope: Envelope = serde_json::from_slice(json).map_err(ContractError::Envelope)?;
        let kind = OrderEventType::from_name(&envelope.event_type)
            .ok_or_else(|| ContractError::UnknownEventType(envelope.event_type.clone()))?;
        if envelope.schema_version != Self::SCHEMA_VERSION {
            return Err(ContractError::UnknownSchemaVersion {
                event_type: kind.as_str(),
                found: envelope.schema_version,
                known: Self::SCHEMA_VERSION,
            });
        }
        let content = match kind {
            OrderEventType::OrderCreated => serde_json::from_slice(json).map(OrderContent::Created),
            OrderEventType::OrderConfirmed => serde_json::from_slice(json)
                .map(|Confirmed { payment_id }| OrderContent::Confirmed { payment_id }),
            OrderEventType::OrderCancelled => serde_json::from_slice(json)
                .map(|Cancelled { reason }| OrderContent::Cancelled { reason }),
        };
        match content {
            Ok(content) => Ok(Self { envelope, content }),
            Err(source) => Err(ContractError::Content {
                event_type: kind.as_str(),
                source,
            }),
        }
    }

    /// The record's value: one flat object, the envelope's fields first.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let envelope = serde_json::to_string(&self.envelope)?;
        let content = match &self.content {
            OrderContent::Created(order) => serde_json::to_string(order),
            OrderContent::Confirmed { payment_id } => serde_json::to_string(&Confirmed {
                payment_id: payment_id.clone(),
            }),
            OrderContent::Cancelled { reason } => serde_json::to_string(&Cancelled {
                reason: reason.clone(),
            }),
        }?;
        // Both are objects with at least one field: joined at the braces, since serde's `flatten`
        // would lose the amounts' own text.
        let joined = [&envelope[..envelope.len() - 1], &content[1..]].join(",");
        Ok(joined)
    }

    pub fn kind(&self) -> OrderEventType {
        match self.content {
            OrderContent::Created(_) => OrderEventType::OrderCreated,
            OrderContent::Confirmed { .. } => OrderEventType::OrderConfirmed,
            OrderContent::Cancelled { .. } => OrderEventType::OrderCancelled,
        }
    }
}

impl From<OrderEvent> for OrderContent {
    fn from(stored: OrderEvent) -> Self {
        match stored {
            OrderEvent::OrderCreated(order) => Self::Created(PublishedOrder {
                customer_id: order.customer_id,
                restaurant_id: order.restaurant_id,
                total_amount: order.total_amount,
                items: order
                    .items
                    .into_iter()
                    .map(|line| PublishedItem {
                        menu_item_id: line.menu_item_id,
                        name: line.name,
                        price: line.price,
                        quantity: line.quantity.get(),
                    })
                    .collect(),
            }),
            OrderEvent::OrderConfirmed { payment_id } => Self::Confirmed { payment_id },
            OrderEvent::OrderCancelled { reason } => Self::Cancelled { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = r#"{"eventId":"34d6c9f6-e0b7-56b1-8d0c-7d6ea6e0d6a2","eventType":"OrderCreated","aggregateType":"Order","aggregateId":"o-1","version":1,"schemaVersion":1,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"c-1","causationId":"k-1","customerId":"customer-456","restaurantId":"restaurant-789","totalAmount":45.99,"items":[{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}]}"#;
    const CONFIRMED: &str = r#"{"eventId":"34d6c9f6-e0b7-56b1-8d0c-7d6ea6e0d6a2","eventType":"OrderConfirmed","aggregateType":"Order","aggregateId":"o-1","version":2,"schemaVersion":1,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"c-1","causationId":"k-1","paymentId":"p-1"}"#;
    const CANCELLED: &str = r#"{"eventId":"34d6c9f6-e0b7-56b1-8d0c-7d6ea6e0d6a2","eventType":"OrderCancelled","aggregateType":"Order","aggregateId":"o-1","version":3,"schemaVersion":1,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"c-1","causationId":"k-1","reason":"late"}"#;

    /// Other services parse these texts: they may grow, and never change.
    #[test]
    fn published_json_is_frozen() {
        for json in [CREATED, CONFIRMED, CANCELLED] {
            let event = PublishedOrderEvent::parse(json.as_bytes()).unwrap();
            assert_eq!(event.to_json().unwrap(), json);
        }
    }

    #[test]
    fn fields_of_tomorrow_are_ignored() {
        let grown = CREATED.replacen('{', r#"{"currency":"EUR","#, 1);
        assert_eq!(
            PublishedOrderEvent::parse(grown.as_bytes()).unwrap(),
            PublishedOrderEvent::parse(CREATED.as_bytes()).unwrap()
        );
    }

    #[test]
    fn amounts_are_never_rounded() {
        let finer = CREATED.replace("45.99", "45.990000000000000001");
        assert!(matches!(
            PublishedOrderEvent::parse(finer.as_bytes()),
            Err(ContractError::Content { .. })
        ));
    }

    #[test]
    fn what_is_no_event_says_why() {
        use ContractError::*;
        let parse = |json: &str| PublishedOrderEvent::parse(json.as_bytes()).unwrap_err();
        assert!(matches!(parse("not json"), Envelope(_)));
        assert!(matches!(parse("{}"), Envelope(_)));
        let unknown = CREATED.replace("OrderCreated", "OrderFrozen");
        assert!(matches!(parse(&unknown), UnknownEventType(t) if t == "OrderFrozen"));
        let later = CREATED.replace(r#""schemaVersion":1"#, r#""schemaVersion":2"#);
        assert!(matches!(
            parse(&later),
            UnknownSchemaVersion {
                found: 2,
                known: 1,
                ..
            }
        ));
        let empty = CONFIRMED.replace(r#","paymentId":"p-1""#, "");
        assert!(matches!(parse(&empty), Content { .. }));
    }
}
