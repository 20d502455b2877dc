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
}

impl Part {
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.status == other.status && self.currency == other.currency
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
