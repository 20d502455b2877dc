use serde::{Deserialize, Serialize};

use super::money_number;
use crate::order::{OrderCreated, OrderLine, SagaTerms};
use crate::{Currency, CustomerId, ItemName, MenuItemId, Money, RestaurantId};

/// The content of `OrderCreated`, of schema version 2.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedOrder {
    pub customer_id: CustomerId,
    pub restaurant_id: RestaurantId,
    #[serde(with = "money_number")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::money"))]
    pub total_amount: Money,
    pub currency: Currency,
    pub items: Vec<PublishedItem>,
    /// Of an order that a saga carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "SagaTerms"))]
    pub saga: Option<SagaTerms>,
}

/// The content of `OrderCreated`, of schema version 1: all were in the default currency.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct PublishedOrderV1 {
    customer_id: CustomerId,
    restaurant_id: RestaurantId,
    #[serde(with = "money_number")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::money"))]
    total_amount: Money,
    items: Vec<PublishedItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedItem {
    pub menu_item_id: MenuItemId,
    pub name: ItemName,
    #[serde(with = "money_number")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::money"))]
    pub price: Money,
    pub quantity: u32,
}

impl From<PublishedOrderV1> for PublishedOrder {
    fn from(order: PublishedOrderV1) -> Self {
        Self {
            customer_id: order.customer_id,
            restaurant_id: order.restaurant_id,
            total_amount: order.total_amount,
            currency: Currency::default(),
            items: order.items,
            saga: None,
        }
    }
}

impl From<OrderCreated> for PublishedOrder {
    fn from(order: OrderCreated) -> Self {
        Self {
            customer_id: order.customer_id,
            restaurant_id: order.restaurant_id,
            total_amount: order.total_amount,
            currency: order.currency,
            items: order.items.into_iter().map(PublishedItem::from).collect(),
            saga: order.saga,
        }
    }
}

impl From<OrderLine> for PublishedItem {
    fn from(line: OrderLine) -> Self {
        Self {
            menu_item_id: line.menu_item_id,
            name: line.name,
            price: line.price,
            quantity: line.quantity.get(),
        }
    }
}
