use bson::{Bson, DateTime, Document, RawBsonRef, RawDocument, doc};
use domain::order::OrderStatus;
use domain::{Currency, Money};
use read_models::OrdersByStatus;

/// Orders of one status and currency that count in the same total, taken together.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub status: OrderStatus,
    pub currency: Currency,
    pub orders: i64,
    pub amount: Money,
    pub first: DateTime,
    pub last: DateTime,
}

impl Part {
    /// One order alone. `None` where its document is damaged.
    pub fn of(order: &RawDocument) -> Option<Self> {
        let RawBsonRef::Decimal128(amount) = order.get("totalAmount").ok()?? else {
            return None;
        };
        let at = order.get_datetime("createdAt").ok()?;
        let currency = order.get_str("currency").ok();
        Some(Self {
            status: OrderStatus::from_name(order.get_str("status").ok()?)?,
            currency: currency
                .map_or(Ok(Currency::default()), Currency::new)
                .ok()?,
            orders: 1,
            amount: Money::from_sum(&amount.to_string()).ok()?,
            first: at,
            last: at,
        })
    }

    /// Takes this one together with its like among others.
    pub fn join(self, parts: &mut Vec<Self>) {
        let like = parts
            .iter_mut()
            .find(|part| part.status == self.status && part.currency == self.currency);
        match like {
            Some(like) => {
                like.orders += self.orders;
                like.amount = like.amount + self.amount;
                like.first = like.first.min(self.first);
                like.last = like.last.max(self.last);
            }
            None => parts.push(self),
        }
    }

    /// The fields of an order that [`Self::of`] looks at.
    pub const FIELDS: [&'static str; 4] = ["status", "currency", "totalAmount", "createdAt"];

    /// A `$group` stage that makes parts.
    pub(super) fn stage(field: &str) -> Document {
        doc! { "$group": {
            "_id": {
                "key": format!("${field}"),
                "status": "$status",
                "currency": { "$ifNull": ["$currency", Currency::default().as_str()] },
            },
            "orders": { "$sum": 1 },
            "amount": { "$sum": "$totalAmount" },
            "first": { "$min": "$createdAt" },
            "last": { "$max": "$createdAt" },
        } }
    }

    /// Reads what that stage made. `None` where documents are damaged: who heals them computes
    /// their totals again.
    pub(super) fn read(row: &Document) -> Option<(&str, Self)> {
        let id = row.get_document("_id").ok()?;
        let orders = match row.get("orders")? {
            Bson::Int32(orders) => i64::from(*orders),
            Bson::Int64(orders) => *orders,
            _ => return None,
        };
        let part = Self {
            status: OrderStatus::from_name(id.get_str("status").ok()?)?,
            currency: Currency::new(id.get_str("currency").ok()?).ok()?,
            orders,
            amount: Money::from_sum(&row.get("amount")?.to_string()).ok()?,
            first: *row.get_datetime("first").ok()?,
            last: *row.get_datetime("last").ok()?,
        };
        Some((id.get_str("key").ok()?, part))
    }
}

pub(super) fn by_status(parts: &[Part]) -> OrdersByStatus {
    let mut orders = OrdersByStatus::default();
    for part in parts {
        *orders.of(part.status) += part.orders;
    }
    orders
}

/// How many confirmed orders there are of each currency, and what they cost, by the currency's
/// code.
pub(super) fn confirmed(parts: &[Part]) -> Vec<(Currency, i64, Money)> {
    let mut sums: Vec<(Currency, i64, Money)> = Vec::new();
    for part in parts.iter().filter(|p| p.status == OrderStatus::Confirmed) {
        match sums
            .iter_mut()
            .find(|(currency, ..)| *currency == part.currency)
        {
            Some((_, orders, amount)) => {
                *orders += part.orders;
                *amount = *amount + part.amount;
            }
            None => sums.push((part.currency.clone(), part.orders, part.amount)),
        }
    }
    sums.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    sums
}
