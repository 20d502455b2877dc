use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use runtime::Backoff;

use super::body::Body;
use crate::record::Record;
use crate::rule::Rule;
use crate::simulator::Provider;

struct Webhook {
    id: String,
    change: usize,
    body: Vec<u8>,
    times: u32,
}

/// Sends an intent's webhooks, one after the other, each until it is taken.
pub async fn tell(provider: Arc<Provider>, id: String) {
    while let Some(webhook) = next(&provider, &id) {
        // Nobody hears of what a crash could still undo.
        if provider.journal.synced().await.is_err() {
            return;
        }
        for _ in 0..webhook.times {
            deliver(&provider, &webhook).await;
        }
        let told = Record::Told {
            intent_id: id.clone(),
            change: webhook.change,
        };
        let mut ledger = provider.ledger();
        if provider.note(&mut ledger, vec![told]).is_err() {
            return;
        }
    }
}

/// `None` where nothing is left; what comes later sets off somebody else then.
fn next(provider: &Provider, id: &str) -> Option<Webhook> {
    let mut ledger = provider.ledger();
    let intent = ledger.intent_mut(id)?;
    let webhook = intent.to_tell().and_then(|change| {
        // Of a body that serde refuses there is none to send: its parts are texts.
        let body = serde_json::to_vec(&Body::about(intent, change)?).ok()?;
        Some(Webhook {
            id: format!("msg_{id}_{change}"),
            change,
            body,
            times: if intent.rule() == Rule::WebhooksTwice {
                2
            } else {
                1
            },
        })
    });
    intent.telling = webhook.is_some();
    webhook
}

async fn deliver(provider: &Provider, webhook: &Webhook) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        let place = provider.sending.acquire().await;
        let Err(NotTaken { why, by_none }) = send(provider, webhook).await else {
            return;
        };
        // A receiver that takes none is not asked about all that wait; others go past one that it
        // will not take.
        let place = place.ok().filter(|_| by_none);
        let wait = backoff.wait();
        tracing::debug!(webhook = webhook.id, why, ?wait, "not taken");
        tokio::time::sleep(wait).await;
        drop(place);
    }
}

struct NotTaken {
    why: String,
    /// Nor would the receiver take another one now.
    by_none: bool,
}

/// Anything but 2xx is a no.
async fn send(provider: &Provider, webhook: &Webhook) -> Result<(), NotTaken> {
    let timestamp = provider.clock.now().as_second();
    let signature = provider.signer.sign(&webhook.id, timestamp, &webhook.body);
    let answer = provider
        .http
        .post(&provider.config.webhook_url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &webhook.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(webhook.body.clone())
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(NotTaken {
            why: answer.status().to_string(),
            by_none: answer.status() == StatusCode::SERVICE_UNAVAILABLE,
        }),
        Err(error) => Err(NotTaken {
            why: error.to_string(),
            by_none: true,
        }),
    }
}
