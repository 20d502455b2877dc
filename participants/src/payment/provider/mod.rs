//! The payment provider as it is called: what it was asked for, it is asked for again until it has
//! answered, and it does once what it is asked for twice.

mod answer;
mod breaker;
mod config;
mod error;

mod said;
mod wire;

use std::time::Duration;

use domain::payment::{PaymentTerms, ProviderSays};
use domain::{Currency, IntentId, Money};
use http::Method;
use runtime::health::Health;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use urlencoding::encode;

use answer::Answer;
use breaker::Breaker;
pub use config::{ProviderConfig, ProviderConfigError};
pub use error::{NotNow, ProviderError, Refused};
pub(super) use said::Facts;
pub use said::{Said, Unreadable};
use wire::{Call, Wire};

/// The check's name, and the dependency's in `dependency_state`.
const NAME: &str = "payment-provider";

pub struct Provider {
    wire: Wire,
    breaker: Breaker,
}

impl Provider {
    pub fn new(config: ProviderConfig, health: &Health) -> Result<Self, ProviderConfigError> {
        let breaker = Breaker::new(health.check(NAME), config.failures, config.probe_after);
        Ok(Self {
            wire: Wire::new(config)?,
            breaker,
        })
    }

    /// Asks for an order's payment. Where the provider declines it, or was told before to stop the
    /// order's payment, that is what it says; other refusals are faults.
    pub async fn create(
        &self,
        order_id: &str,
        terms: &PaymentTerms,
    ) -> Result<Said, ProviderError> {
        let body = json!({
            "orderId": order_id,
            "amount": terms.amount,
            "currency": terms.currency,
            "paymentMethod": terms.method,
        });
        let answer = self
            .call(Call {
                name: "create",
                method: Method::POST,
                path: "/v1/intents".to_owned(),
                key: Some(key(order_id, "create")),
                body: Some(body),
            })
            .await?;
        let Some(said) = answer.said_of_refusal(order_id) else {
            return answer.said(order_id);
        };
        let said = said?;
        match said.says {
            ProviderSays::Failed { .. } | ProviderSays::Cancelled => Ok(said),
            _ => Err(answer.refused().into()),
        }
    }

    /// Stops an order's payment, whatever is known of it here, and any that is asked for later.
    pub async fn cancel(&self, order_id: &str) -> Result<Said, ProviderError> {
        let answer = self
            .call(Call {
                name: "cancel",
                method: Method::POST,
                path: format!("/v1/orders/{}/cancel", encode(order_id)),
                key: Some(key(order_id, "cancel")),
                body: None,
            })
            .await?;
        answer.said(order_id)
    }

    /// Gives back all that was taken.
    pub async fn refund(
        &self,
        order_id: &str,
        intent_id: &IntentId,
        amount: Money,
        currency: &Currency,
    ) -> Result<Said, ProviderError> {
        let answer = self
            .call(Call {
                name: "refund",
                method: Method::POST,
                path: format!("/v1/intents/{}/refund", encode(intent_id.as_str())),
                key: Some(key(order_id, "refund")),
                body: Some(json!({ "amount": amount, "currency": currency })),
            })
            .await?;
        answer.said(order_id)
    }

    /// While the provider is away, asks it something that changes nothing whenever it is time for
    /// that, until `stop`. Calls find out by themselves that it is back, but where none is made,
    /// nobody would.
    pub async fn watch(&self, stop: CancellationToken) {
        const LOOK: Duration = Duration::from_millis(250);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.breaker.is_due() {
                let probe = Call {
                    name: "probe",
                    method: Method::GET,
                    path: "/v1/orders/probe".to_owned(),
                    key: None,
                    body: None,
                };
                // The breaker has noted how it went.
                let _ = self.call(probe).await;
            }
        }
    }

    async fn call(&self, call: Call) -> Result<Answer, NotNow> {
        let passage = self.breaker.enter()?;
        match self.wire.call(call).await {
            Ok(answer) => {
                passage.answered();
                Ok(answer)
            }
            Err(fault) => {
                passage.failed(&fault);
                Err(fault)
            }
        }
    }
}

/// The same for every attempt: each kind of call is made once for an order.
fn key(order_id: &str, call: &str) -> String {
    format!("{}/{call}", encode(order_id))
}
