use bson::{DateTime, doc};
use domain::order::OrderStatus;
use domain::{CancelReason, CustomerId, ItemName, MenuItemId, Money, PaymentId, RestaurantId};
use mongodb::IndexModel;
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
    pub items: Vec<ItemDocument>,
    pub payment_id: Option<PaymentId>,
    pub cancel_reason: Option<CancelReason>,
    /// In milliseconds, as BSON dates are: the event's own time has microseconds.
    pub created_at: DateTime,
    pub updated_at: DateTime,
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
    pub const SCHEMA_VERSION: u32 = 1;

    /// One index for each filter of the list, all in the order of the list: newest first.
    pub fn indexes() -> Vec<IndexModel> {
        [
            doc! { "createdAt": -1, "_id": -1 },
            doc! { "customerId": 1, "createdAt": -1, "_id": -1 },
            doc! { "restaurantId": 1, "createdAt": -1, "_id": -1 },
            doc! { "status": 1, "createdAt": -1, "_id": -1 },
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
