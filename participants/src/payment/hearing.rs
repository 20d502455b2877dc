use std::time::Duration;

use event_store::Database;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, Subject,
};
use serde_json::json;
use uuid::Uuid;

use super::Payments;
use super::payments::NotNoted;
use super::webhooks::{PaymentWebhook, WebhookRefused};
use crate::errands::Tell;

/// Takes in what the provider tells by itself: noted, or on the desk, before it is answered.
#[derive(Clone)]
pub struct Hearing {
    payments: Payments,
    dead_letters: DeadLetters,
    topic: String,
    tell: Tell,
}

impl Hearing {
    /// `topic` is payment's own; `tell` hears of payments that may wish something now.
    pub fn new(payments: Payments, database: &Database, topic: &str, tell: Tell) -> Self {
        Self {
            payments,
            dead_letters: DeadLetters::new(database.clone()),
            topic: topic.to_owned(),
            tell,
        }
    }

    pub async fn take(self, webhook: PaymentWebhook) -> Result<(), WebhookRefused> {
        let order_id = webhook.order_id.clone();
        match self.payments.note(&order_id, webhook.said.clone()).await {
            Ok(wish) => {
                // It may be about money that nobody wants any more.
                if wish.is_some() {
                    self.tell.of(&order_id);
                }
                Ok(())
            }
            Err(NotNoted::Contradicts(error)) => {
                self.put_on_desk(&webhook, &error.to_string()).await
            }
            Err(error @ (NotNoted::Busy | NotNoted::Store(_))) => {
                tracing::debug!(order_id, %error, "a webhook is not taken now");
                Err(not_now())
            }
        }
    }

    async fn put_on_desk(
        &self,
        webhook: &PaymentWebhook,
        error: &str,
    ) -> Result<(), WebhookRefused> {
        let place = Uuid::new_v5(&Uuid::NAMESPACE_OID, webhook.webhook_id.as_bytes());
        let item = NewDeadLetter {
            source: Source::Participant,
            reason: Reason::InvalidData,
            error_message: error.to_owned(),
            place: Place::Store(place),
            original: OriginalRecord {
                topic: self.topic.clone(),
                key: Some(webhook.order_id.as_bytes().to_vec()),
                value: Some(webhook.body.clone()),
                headers: Vec::new(),
            },
            subject: Subject {
                aggregate_type: Some("Payment".to_owned()),
                aggregate_id: Some(webhook.order_id.clone()),
                ..Subject::default()
            },
            metadata: json!({ "fault": "webhook_contradicts", "webhookId": webhook.webhook_id }),
        };
        let recorded = self.dead_letters.record(&item).await.map_err(|error| {
            tracing::debug!(%error, "a webhook is not put on the desk now");
            not_now()
        })?;
        if recorded.new {
            tracing::error!(
                dead_letter_id = %recorded.id,
                order_id = webhook.order_id,
                webhook_id = webhook.webhook_id,
                error,
                "what the provider says contradicts the payment"
            );
        }
        Ok(())
    }
}

fn not_now() -> WebhookRefused {
    WebhookRefused {
        retry_after: Duration::from_secs(1),
    }
}
