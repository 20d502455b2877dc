use crate::{CancelReason, Currency, CustomerId, Money, PaymentId, RestaurantId};

use super::{OrderCreated, OrderLine, OrderRuleError, Progress, SagaTerms};

/// What can be asked of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCommand {
    Create(NewOrder),
    Confirm {
        payment_id: PaymentId,
    },
    Cancel {
        reason: CancelReason,
    },
    /// What has been seen of the order's saga.
    Note(Progress),
}

/// A new order that keeps all rules: there is no other way to make one than [`NewOrder::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder(OrderCreated);

impl NewOrder {
    pub const MAX_ITEMS: usize = 200;

    /// In the default currency.
    pub fn new(
        customer_id: CustomerId,
        restaurant_id: RestaurantId,
        total_amount: Money,
        items: Vec<OrderLine>,
    ) -> Result<Self, OrderRuleError> {
        Self::check(total_amount, &items)?;
        Ok(Self(OrderCreated {
            customer_id,
            restaurant_id,
            total_amount,
            currency: Currency::default(),
            items,
            saga: None,
        }))
    }

    pub fn customer_id(&self) -> &CustomerId {
        &self.0.customer_id
    }

    pub fn in_currency(mut self, currency: Currency) -> Self {
        self.0.currency = currency;
        self
    }

    /// To be carried out by a saga instead of by hand.
    pub fn by_saga(mut self, terms: SagaTerms) -> Self {
        self.0.saga = Some(terms);
        self
    }

    /// 1 to 200 items, and a total of at least their sum.
    pub fn check(total_amount: Money, items: &[OrderLine]) -> Result<(), OrderRuleError> {
        if items.is_empty() {
            return Err(OrderRuleError::NoItems);
        }
        if items.len() > Self::MAX_ITEMS {
            return Err(OrderRuleError::TooManyItems { count: items.len() });
        }
        let sum = items.iter().map(OrderLine::total).sum();
        if total_amount < sum {
            return Err(OrderRuleError::TotalBelowItems {
                total: total_amount,
                items: sum,
            });
        }
        Ok(())
    }

    pub(crate) fn into_event(self) -> OrderCreated {
        self.0
    }
}
