use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::intent::Intent;
use crate::record::Status;
use crate::rule::Rule;
use crate::simulator::Provider;

/// Makes each change of an intent when it is time for it, until nothing is left that comes by
/// itself. Times count from what the journal says, so that a restart neither loses nor delays one.
pub async fn advance(provider: Arc<Provider>, id: String) {
    while let Some(due) = due(&provider, &id) {
        let wait = due.duration_since(provider.clock.now());
        if wait > SignedDuration::ZERO {
            tokio::time::sleep(wait.unsigned_abs()).await;
        }
        let now = provider.clock.now();
        let mut ledger = provider.ledger();
        let records = ledger.advance(&id, now);
        if provider.note(&mut ledger, records).is_err() {
            // Who waits for the journal ends the process.
            return;
        }
    }
}

/// When the intent's next change comes; `None` where none does.
fn due(provider: &Provider, id: &str) -> Option<Timestamp> {
    let ledger = provider.ledger();
    let intent = ledger.intent(id)?;
    let last = intent.changes.last()?;
    let after = after(provider, intent)?;
    Some(last.at + SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX))
}

fn after(provider: &Provider, intent: &Intent) -> Option<Duration> {
    match (intent.status(), intent.rule()) {
        (_, Rule::NeverAnswered) => None,
        (Status::Pending, _) => Some(provider.config.answers_after),
        (Status::Authorized, _) => Some(provider.config.late_by),
        _ => None,
    }
}
