use bson::{DateTime, Document, doc};
use domain::order::OrderStatus;
use domain::{Currency, CustomerId, Money, RestaurantId};
use mongodb::IndexModel;
use serde::{Deserialize, Serialize};

use crate::{Generation, decimal};

/// Orders by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct OrdersByStatus {
    pub pending: i64,
    pub confirmed: i64,
    pub cancelled: i64,
}

impl OrdersByStatus {
    /// On the way is pending; failed is cancelled by its saga.
    pub fn of(&mut self, status: OrderStatus) -> &mut i64 {
        match status {
            OrderStatus::Pending
            | OrderStatus::StockReserved
            | OrderStatus::PaymentPending
            | OrderStatus::PaymentProcessing
            | OrderStatus::PaymentFailed => &mut self.pending,
            OrderStatus::Confirmed => &mut self.confirmed,
            OrderStatus::Cancelled | OrderStatus::Failed => &mut self.cancelled,
        }
    }
}

/// All orders of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerSummaryDocument {
    #[serde(rename = "_id")]
    pub customer_id: CustomerId,
    /// Raised by every recomputation: guards the write.
    pub revision: i64,
    pub orders: OrdersByStatus,
    /// What the confirmed orders cost, by currency.
    pub spent: Vec<AmountDocument>,
    /// When they were created. Null where no order is left.
    pub first_order_at: Option<DateTime>,
    pub last_order_at: Option<DateTime>,
}

/// All orders that a restaurant was sent on one day, by the time they were created in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestaurantDayDocument {
    /// Day and restaurant: `2026-11-21/restaurant-456`.
    #[serde(rename = "_id")]
    pub id: String,
    pub restaurant_id: RestaurantId,
    pub day: String,
    /// Raised by every recomputation: guards the write.
    pub revision: i64,
    pub orders: OrdersByStatus,
    /// Of the confirmed orders, by currency.
    pub revenue: Vec<RevenueDocument>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AmountDocument {
    pub currency: Currency,
    #[serde(with = "decimal")]
    pub amount: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevenueDocument {
    pub currency: Currency,
    pub orders: i64,
    #[serde(with = "decimal")]
    pub amount: Money,
    /// Of an order, to the nearest hundredth.
    #[serde(with = "decimal")]
    pub average: Money,
}

impl CustomerSummaryDocument {
    pub const NAME: &str = "customer_summary";

    pub fn collection(generation: &Generation) -> String {
        format!("{}_{}", Self::NAME, generation.number)
    }

    pub fn indexes() -> Vec<IndexModel> {
        indexes([doc! { "lastOrderAt": -1, "_id": -1 }])
    }
}

impl RestaurantDayDocument {
    pub const NAME: &str = "restaurant_day";

    pub fn collection(generation: &Generation) -> String {
        format!("{}_{}", Self::NAME, generation.number)
    }

    pub fn indexes() -> Vec<IndexModel> {
        indexes([doc! { "restaurantId": 1, "day": -1 }])
    }
}

fn indexes<const N: usize>(keys: [Document; N]) -> Vec<IndexModel> {
    let index = |keys| IndexModel::builder().keys(keys).build();
    keys.map(index).into()
}
