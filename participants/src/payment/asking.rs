use std::sync::Arc;

use domain::payment::{Payment, Wish};

use super::Payments;
use super::payments::NotNoted;
use super::provider::{NotNow, Provider, ProviderError};
use crate::errands::{Errand, Undone};

/// Asks the provider what payments wish, and notes what it says. A process that dies in between
/// asks again, under the same key.
pub struct Asking {
    payments: Payments,
    provider: Arc<Provider>,
}

impl Asking {
    pub fn new(payments: Payments, provider: Arc<Provider>) -> Self {
        Self { payments, provider }
    }
}

impl Errand for Asking {
    const NAME: &'static str = "payment";
    const WISHES: &'static str = "state ->> 'requested' IS NOT NULL
      AND CASE state ->> 'captured'
              WHEN 'true' THEN state ->> 'refunded' = 'false'
                  AND (state ->> 'closed' IS NOT NULL OR state ->> 'failed' IS NOT NULL)
              ELSE state ->> 'cancelled' = 'false' AND state ->> 'failed' IS NULL
                  AND (state ->> 'closed' IS NOT NULL OR state ->> 'intentId' IS NULL)
          END";
    type Aggregate = Payment;

    async fn attempt(&self, order_id: &str) -> Result<bool, Undone> {
        let mut done = false;
        // An answer may lead to the next wish: what was taken meanwhile is to be given back.
        for _ in 0..3 {
            let Some(payment) = self.payments.current(order_id).await? else {
                break;
            };
            let said = match payment.wish() {
                None => break,
                Some(Wish::Create(terms)) => self.provider.create(order_id, &terms).await,
                Some(Wish::Cancel) => self.provider.cancel(order_id).await,
                Some(Wish::Refund {
                    intent_id,
                    amount,
                    currency,
                }) => {
                    let refunded = self
                        .provider
                        .refund(order_id, &intent_id, amount, &currency);
                    refunded.await
                }
            };
            let said = said.map_err(|error| match error {
                ProviderError::NotNow(NotNow::Away(wait)) => Undone::Away(wait),
                ProviderError::NotNow(error) => Undone::Later(error.to_string()),
                ProviderError::Refused(error) => Undone::Refused(error.to_string()),
            })?;
            let noted = self.payments.note(order_id, said).await;
            let wish = noted.map_err(|error| match error {
                NotNoted::Contradicts(error) => Undone::Refused(error.to_string()),
                NotNoted::Busy => Undone::Later(error.to_string()),
                NotNoted::Store(error) => Undone::Store(error),
            })?;
            done = true;
            if wish.is_none() {
                break;
            }
        }
        Ok(done)
    }
}
