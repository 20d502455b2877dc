use bson::{DateTime, Document, RawDocument, doc};
use domain::order::{OrderEventType, OrderStatus};
use domain::{
    CancelReason, Currency, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId,
};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use serde::{Deserialize, Serialize};

use crate::decimal;

/// An order as queries see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderDocument {
    #[serde(rename = "_id")]
    pub order_id: String,
    /// Of the last event folded in: guards every write.
    pub version: i64,
    pub status: OrderStatus,
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    #[serde(with = "decimal")]
    pub total_amount: Money,
    /// Documents of schema version 1 may have none.
    #[serde(default)]
    pub currency: Currency,
    pub items: Vec<ItemDocument>,
    pub payment_id: Option<PaymentId>,
    pub cancel_reason: Option<CancelReason>,
    /// In milliseconds, as BSON dates are: the event's own time has microseconds.
    pub created_at: DateTime,
    pub updated_at: DateTime,
    /// What happened, in order: one entry a version. Documents of schema version 1 have none.
    #[serde(default)]
    pub timeline: Vec<TransitionDocument>,
    /// Absent from the document where nothing is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<HeldBack>,
}

/// One event's part in how an order came to be what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitionDocument {
    pub event_id: String,
    pub event_type: OrderEventType,
    pub version: i64,
    pub at: DateTime,
    pub correlation_id: String,
    pub changed: ChangedFields,
}

/// What an event set. Fields that are set once, when an order is created, are not repeated here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFields {
    /// Absent for an order's first event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_before: Option<OrderStatus>,
    pub status: OrderStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
}

/// Later events of the order wait in the event store until the dead letter is resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldBack {
    pub dead_letter_id: String,
    /// The first version that could not be applied.
    pub from_version: i64,
    /// The highest version that has arrived. Whoever heals the order must have read the store
    /// after that: raising this makes a healing that has not miss its guard.
    pub newest_seen: i64,
}

impl HeldBack {
    /// Held orders are few, and counted all the time.
    pub fn index() -> IndexModel {
        let sparse = IndexOptions::builder().sparse(true).build();
        IndexModel::builder()
            .keys(doc! { "heldBack.deadLetterId": 1 })
            .options(sparse)
            .build()
    }

    /// For documents that are held back.
    pub fn filter() -> Document {
        doc! { "heldBack.deadLetterId": { "$exists": true } }
    }
}

/// What a collection holds of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderEntry {
    Order(Box<OrderDocument>),
    Stub(HeldStub),
}

/// Stands for an order of which not even the first event could be applied. Lists do not show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldStub {
    #[serde(rename = "_id")]
    pub order_id: String,
    /// Always 0.
    pub version: i64,
    pub held_back: HeldBack,
}

impl HeldStub {
    pub fn new(order_id: String, held_back: HeldBack) -> Self {
        Self {
            order_id,
            version: 0,
            held_back,
        }
    }
}

impl OrderEntry {
    pub fn read(raw: &RawDocument) -> Result<Self, bson::error::Error> {
        match raw.get_i64("version") {
            Ok(0) => bson::deserialize_from_slice(raw.as_bytes()).map(Self::Stub),
            _ => bson::deserialize_from_slice(raw.as_bytes()).map(Self::Order),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemDocument {
    pub menu_item_id: MenuItemId,
    pub name: ItemName,
    #[serde(with = "decimal")]
    pub price: Money,
    pub quantity: u32,
}

impl OrderDocument {
    pub const PROJECTION: &str = "order_view";
    pub const SCHEMA_VERSION: u32 = 2;
    /// The first schema version whose documents have a timeline, and whose generations have totals.
    pub const WITH_TIMELINE: u32 = 2;
    pub const WITH_TOTALS: u32 = 2;

    /// Whether documents of that schema version can be read as this type. Only those of
    /// [`Self::SCHEMA_VERSION`] are written.
    pub fn reads(schema_version: u32) -> bool {
        (1..=Self::SCHEMA_VERSION).contains(&schema_version)
    }

    /// One index for each filter of the list, in each order of the list. By status and total there
    /// is none: there are few statuses, so that who walks by total finds what is asked for.
    pub fn indexes() -> Vec<IndexModel> {
        [
            doc! { "createdAt": -1, "_id": -1 },
            doc! { "customerId": 1, "createdAt": -1, "_id": -1 },
            doc! { "restaurantId": 1, "createdAt": -1, "_id": -1 },
            doc! { "status": 1, "createdAt": -1, "_id": -1 },
            doc! { "totalAmount": 1, "_id": 1 },
            doc! { "customerId": 1, "totalAmount": 1, "_id": 1 },
            doc! { "restaurantId": 1, "totalAmount": 1, "_id": 1 },
        ]
        .into_iter()
        .map(|keys| IndexModel::builder().keys(keys).build())
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimals_and_come_back_exact() {
        let item = ItemDocument {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new("Pizza").unwrap(),
            price: Money::from_json_number("1000000000000.00").unwrap(),
            quantity: 2,
        };
        let document = bson::serialize_to_document(&item).unwrap();
        let price = document.get("price").unwrap();
        assert_eq!(price.element_type(), bson::spec::ElementType::Decimal128);
        assert_eq!(price.to_string(), "1000000000000.00");
        let back: ItemDocument = bson::deserialize_from_document(document).unwrap();
        assert_eq!(back, item);
    }
}
