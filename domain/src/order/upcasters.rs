use serde_json::Value;

use crate::{Currency, Upcaster};

/// Everything that has changed in what is stored of an order.
pub const UPCASTERS: &[Upcaster] = &[Upcaster {
    event_type: "OrderCreated",
    from: 1,
    upcast: with_currency,
}];

/// Orders had no currency: all were in the one they have now.
fn with_currency(mut payload: Value) -> Value {
    if let Some(created) = payload
        .get_mut("OrderCreated")
        .and_then(Value::as_object_mut)
    {
        let currency = Currency::default().as_str().into();
        created.insert("currency".to_owned(), currency);
    }
    payload
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::order::{OrderCreated, OrderEvent, OrderEventType, OrderLine, Quantity};
    use crate::saga::SagaFlow;
    use crate::{
        CancelReason, CustomerId, FailureReason, ItemName, MenuItemId, Money, PaymentId,
        RestaurantId, newest_version, upcast,
    };

    fn frozen(kind: OrderEventType, version: u32) -> String {
        let name = format!("frozen/stored/{}.{version}.json", kind.as_str());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        text.trim_end().to_owned()
    }

    /// What each frozen file says, whatever its version.
    fn event(kind: OrderEventType) -> OrderEvent {
        match kind {
            OrderEventType::OrderCreated => OrderEvent::OrderCreated(OrderCreated {
                customer_id: CustomerId::new("customer-123").unwrap(),
                restaurant_id: RestaurantId::new("restaurant-456").unwrap(),
                total_amount: Money::from_json_number("45.99").unwrap(),
                currency: Currency::new("EUR").unwrap(),
                items: vec![OrderLine {
                    menu_item_id: MenuItemId::new("item-1").unwrap(),
                    name: ItemName::new("Pizza").unwrap(),
                    price: Money::from_json_number("12.99").unwrap(),
                    quantity: Quantity::new(2).unwrap(),
                }],
                saga: None,
            }),
            OrderEventType::OrderConfirmed => OrderEvent::OrderConfirmed {
                payment_id: PaymentId::new("payment-1").unwrap(),
                saga_flow: None,
            },
            OrderEventType::OrderCancelled => OrderEvent::OrderCancelled {
                reason: CancelReason::new("changed my mind").unwrap(),
                saga_flow: None,
            },
            OrderEventType::OrderStockReserved => OrderEvent::OrderStockReserved {
                saga_flow: SagaFlow::StockFirst,
            },
            OrderEventType::OrderPaymentPending => OrderEvent::OrderPaymentPending {
                saga_flow: SagaFlow::StockFirst,
            },
            OrderEventType::OrderPaymentAuthorized => OrderEvent::OrderPaymentAuthorized {
                saga_flow: SagaFlow::StockFirst,
            },
            OrderEventType::OrderPaid => OrderEvent::OrderPaid {
                payment_id: PaymentId::new("payment-1").unwrap(),
                saga_flow: SagaFlow::PaymentFirst,
            },
            OrderEventType::OrderPaymentFailed => OrderEvent::OrderPaymentFailed {
                reason: FailureReason::new("declined").unwrap(),
                saga_flow: SagaFlow::StockFirst,
            },
            OrderEventType::OrderFailed => OrderEvent::OrderFailed {
                reason: FailureReason::new("not in stock: item-1").unwrap(),
                saga_flow: SagaFlow::StockFirst,
            },
        }
    }

    /// What is in the store today must be readable for ever: these files never change, and a new
    /// schema version comes with a new one.
    #[test]
    fn every_version_ever_stored_can_be_read() {
        for kind in OrderEventType::ALL {
            let newest = newest_version(UPCASTERS, kind.as_str());
            for version in 1..=newest {
                let stored = serde_json::from_str(&frozen(kind, version)).unwrap();
                let (reached, payload) = upcast(UPCASTERS, kind.as_str(), version, stored);
                assert_eq!(reached, newest, "{kind:?} of version {version}");
                let read: OrderEvent = serde_json::from_value(payload).unwrap();
                assert_eq!(read, event(kind), "{kind:?} of version {version}");
            }
            let stored = serde_json::to_string(&event(kind)).unwrap();
            assert_eq!(stored, frozen(kind, newest), "{kind:?} is stored otherwise");
        }
    }

    #[test]
    fn what_is_no_order_stays_as_it_is() {
        for payload in [Value::Null, serde_json::json!({"OrderCreated": 7})] {
            assert_eq!(with_currency(payload.clone()), payload);
        }
    }
}
