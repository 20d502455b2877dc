use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::{CancelReason, CustomerId, Money, PaymentId, RestaurantId};

use super::OrderLine;

/// What happened to an order, as it is stored. Private to this system: other services read
/// [`crate::contract`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEvent {
    OrderCreated(OrderCreated),
    #[serde(rename_all = "camelCase")]
    OrderConfirmed {
        payment_id: PaymentId,
    },
    OrderCancelled {
        reason: CancelReason,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    /// What the customer pays: at least the sum of the lines; fees and tips come on top.
    pub total_amount: Money,
    pub items: Vec<OrderLine>,
}

/// The kinds of event, as the state machine and the contract name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderEventType {
    OrderCreated,
    OrderConfirmed,
    OrderCancelled,
}

impl OrderEventType {
    pub const ALL: [Self; 3] = [
        Self::OrderCreated,
        Self::OrderConfirmed,
        Self::OrderCancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreated => "OrderCreated",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::OrderCancelled => "OrderCancelled",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl OrderEvent {
    /// The schema version this code stores. Older ones are brought up to it on reading.
    pub const STORED_VERSION: &str = "1";

    pub fn kind(&self) -> OrderEventType {
        match self {
            Self::OrderCreated(_) => OrderEventType::OrderCreated,
            Self::OrderConfirmed { .. } => OrderEventType::OrderConfirmed,
            Self::OrderCancelled { .. } => OrderEventType::OrderCancelled,
        }
    }
}

impl DomainEvent for OrderEvent {
    fn event_type(&self) -> String {
        self.kind().as_str().to_owned()
    }

    fn event_version(&self) -> String {
        Self::STORED_VERSION.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Quantity;
    use crate::{ItemName, MenuItemId};

    /// What is in the store today must be readable for ever: these texts never change.
    #[test]
    fn stored_json_is_frozen() {
        let created = OrderEvent::OrderCreated(OrderCreated {
            customer_id: CustomerId::new("customer-123").unwrap(),
            restaurant_id: RestaurantId::new("restaurant-456").unwrap(),
            total_amount: Money::from_json_number("45.99").unwrap(),
            items: vec![OrderLine {
                menu_item_id: MenuItemId::new("item-1").unwrap(),
                name: ItemName::new("Pizza").unwrap(),
                price: Money::from_json_number("12.99").unwrap(),
                quantity: Quantity::new(2).unwrap(),
            }],
        });
        let confirmed = OrderEvent::OrderConfirmed {
            payment_id: PaymentId::new("payment-1").unwrap(),
        };
        let cancelled = OrderEvent::OrderCancelled {
            reason: CancelReason::new("changed my mind").unwrap(),
        };
        for (event, json) in [
            (
                created,
                r#"{"OrderCreated":{"customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":"45.99","items":[{"menuItemId":"item-1","name":"Pizza","price":"12.99","quantity":2}]}}"#,
            ),
            (confirmed, r#"{"OrderConfirmed":{"paymentId":"payment-1"}}"#),
            (
                cancelled,
                r#"{"OrderCancelled":{"reason":"changed my mind"}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&event).unwrap(), json);
            assert_eq!(serde_json::from_str::<OrderEvent>(json).unwrap(), event);
        }
    }
}
