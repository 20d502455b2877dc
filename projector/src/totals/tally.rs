use bson::{Bson, DateTime, Document, RawBsonRef, RawDocument, doc};
use domain::order::OrderStatus;
use domain::{Currency, Money};
use read_models::decimal;

use super::Part;

/// All that counts in a total.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// No two of them of the same status and currency, and none without orders.
    pub parts: Vec<Part>,
    /// When the first and the last of the orders was made, whatever their status.
    pub first: Option<DateTime>,
    pub last: Option<DateTime>,
}

impl Tally {
    /// The fields of an order that [`Self::of`] looks at.
    pub const FIELDS: [&'static str; 4] = ["status", "currency", "totalAmount", "createdAt"];

    /// One order alone. `None` where its document is damaged.
    pub fn of(order: &RawDocument) -> Option<Self> {
        let RawBsonRef::Decimal128(amount) = order.get("totalAmount").ok()?? else {
            return None;
        };
        let at = order.get_datetime("createdAt").ok()?;
        let currency = order.get_str("currency").ok();
        let part = Part {
            status: OrderStatus::from_name(order.get_str("status").ok()?)?,
            currency: currency
                .map_or(Ok(Currency::default()), Currency::new)
                .ok()?,
            orders: 1,
            amount: decimal::to_money(amount).ok()?,
        };
        Some(Self {
            parts: vec![part],
            first: Some(at),
            last: Some(at),
        })
    }

    pub fn add(&mut self, more: Self) {
        for part in more.parts {
            match self.parts.iter_mut().find(|other| other.is_like(&part)) {
                Some(like) => {
                    like.orders += part.orders;
                    like.amount = like.amount + part.amount;
                }
                None => self.parts.push(part),
            }
        }
        // `None` is less than anything.
        self.first = [self.first, more.first].into_iter().flatten().min();
        self.last = self.last.max(more.last);
    }

    /// Without orders that come back among what is added next: nothing else becomes of an order,
    /// so the first and the last one stay. `None` where they are not among these.
    pub(super) fn without(mut self, left: &Self) -> Option<Self> {
        for part in &left.parts {
            let like = self.parts.iter_mut().find(|other| other.is_like(part))?;
            like.orders = like.orders.checked_sub(part.orders).filter(|n| *n >= 0)?;
            like.amount = like.amount.checked_sub(part.amount)?;
        }
        self.parts.retain(|part| part.orders > 0);
        Some(self)
    }

    /// A `$group` stage that makes tallies of one part each.
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
        let part = Part {
            status: OrderStatus::from_name(id.get_str("status").ok()?)?,
            currency: Currency::new(id.get_str("currency").ok()?).ok()?,
            orders,
            amount: Money::from_sum(&row.get("amount")?.to_string()).ok()?,
        };
        let tally = Self {
            parts: vec![part],
            first: Some(*row.get_datetime("first").ok()?),
            last: Some(*row.get_datetime("last").ok()?),
        };
        Some((id.get_str("key").ok()?, tally))
    }
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn order(status: &str, amount: &str, at: i64) -> RawDocumentBuf {
        rawdoc! {
            "status": status, "currency": "EUR",
            "totalAmount": amount.parse::<bson::Decimal128>().unwrap(),
            "createdAt": DateTime::from_millis(at),
        }
    }

    fn tally(orders: &[RawDocumentBuf]) -> Tally {
        let mut tally = Tally::default();
        for order in orders {
            tally.add(Tally::of(order).unwrap());
        }
        tally
    }

    #[test]
    fn an_order_that_moves_on_is_counted_where_it_is() {
        let before = [order("PENDING", "1.10", 5), order("PENDING", "2.20", 7)];
        let after = [order("PENDING", "1.10", 5), order("CONFIRMED", "2.20", 7)];
        let moved = tally(&before).without(&tally(&before[1..]));
        let mut moved = moved.unwrap();
        moved.add(tally(&after[1..]));
        assert_eq!(moved, tally(&after));
        let all = moved.without(&tally(&after)).unwrap();
        assert_eq!(all.parts, []);
    }

    #[test]
    fn what_is_not_there_cannot_leave() {
        let orders = [order("PENDING", "1.10", 5)];
        for other in [order("CONFIRMED", "1.10", 5), order("PENDING", "1.11", 5)] {
            assert_eq!(tally(&orders).without(&tally(&[other])), None);
        }
        let twice = tally(&[orders[0].clone(), orders[0].clone()]);
        assert_eq!(tally(&orders).without(&twice), None);
    }
}
