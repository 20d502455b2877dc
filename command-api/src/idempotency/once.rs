use axum::response::Response;
use domain::order::{Order, OrderError};
use event_store::{EventStoreError, ExecuteError, Executed, StoredAnswer};
use http::{HeaderName, HeaderValue};
use runtime::http::{Problem, ProblemType};

use super::{Fingerprint, IdempotencyKey, Place};
use crate::CommandApi;
use crate::answer::{answer, problem, refusal, respond};
use crate::asked::Asked;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Where a command stands that may have been sent before.
pub enum Turn {
    /// It is this request's to carry out, as far as this process knows.
    Ours(Place),
    /// Another request has done so meanwhile.
    Answered(Response),
}

impl CommandApi {
    /// Waits for a request that is carrying out the same key's command in this process.
    pub(crate) async fn turn(
        &self,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
    ) -> Result<Turn, Problem> {
        loop {
            let taken = match self.under_way.enter(key) {
                Ok(place) => return Ok(Turn::Ours(place)),
                Err(taken) => taken,
            };
            taken.ended().await;
            if let Some(answer) = self.repeated(key, fingerprint).await? {
                return Ok(Turn::Answered(answer));
            }
        }
    }

    /// Carries a command out unless there is an answer to it. The answer is looked up before
    /// anything else is: a command that has gone through has moved its order on, so that its
    /// `If-Match` fits no more.
    pub(crate) async fn once(
        &self,
        key: &IdempotencyKey,
        asked: &Asked,
    ) -> Result<Response, Problem> {
        let fingerprint = &asked.fingerprint;
        let answered = |done: &Executed<Order>| answer(asked.done, &asked.order_id, done);
        let kept = |done: &Executed<Order>| key.record(fingerprint, answered(done));
        loop {
            if let Some(answer) = self.repeated(key, fingerprint).await? {
                return Ok(answer);
            }
            let answer = match self.execute(asked, Some(&kept)).await {
                // Kept by the statement that appended the events.
                Ok(done) if !done.events.is_empty() => return Ok(respond(answered(&done))),
                Ok(done) => answered(&done),
                Err(ExecuteError::Refused(error @ OrderError::InvalidTransition { .. })) => {
                    refusal(&problem(&asked.order_id, ExecuteError::Refused(error)))
                }
                // Expired in between, if it is not there.
                Err(ExecuteError::Store(EventStoreError::IdempotencyKeyTaken)) => continue,
                // Another process may have been faster with this very command, or this one's lost
                // statement may have gone through: then the answer is there.
                Err(error) => {
                    let problem = problem(&asked.order_id, error);
                    return match self.repeated(key, fingerprint).await {
                        Ok(Some(answer)) => Ok(answer),
                        Ok(None) | Err(_) => Err(problem),
                    };
                }
            };
            if self.keep(key, fingerprint, &answer).await? {
                return Ok(respond(answer));
            }
        }
    }

    /// Keeps an answer that nothing else has kept. `false` where there is another one by now.
    pub(crate) async fn keep(
        &self,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
        answer: &StoredAnswer,
    ) -> Result<bool, Problem> {
        let record = key.record(fingerprint, answer.clone());
        match self.keys.keep(&record).await {
            Ok(()) => Ok(true),
            Err(EventStoreError::IdempotencyKeyTaken) => Ok(false),
            Err(error) => Err(unkept(error)),
        }
    }

    /// What is kept under the key.
    pub(crate) async fn repeated(
        &self,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Response>, Problem> {
        let kept = self.keys.lookup(&key.caller, &key.key).await;
        let Some(kept) = kept.map_err(unkept)? else {
            return Ok(None);
        };
        if kept.fingerprint != fingerprint.as_bytes() {
            return Err(reused());
        }
        metrics::counter!("idempotent_replays_total").increment(1);
        let mut response = respond(kept.answer);
        let headers = response.headers_mut();
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }
}

pub fn in_progress() -> Problem {
    Problem::new(
        ProblemType::RequestInProgress,
        "It has not been answered yet. Send the same request again to get its answer.",
    )
    .retry_after(1)
}

fn reused() -> Problem {
    Problem::new(
        ProblemType::IdempotencyKeyReused,
        "Another path or body was sent with this key before. A new command needs a new key.",
    )
}

/// Neither looking a key up nor keeping an answer that changed nothing leaves anything in doubt.
fn unkept(error: EventStoreError) -> Problem {
    if error.is_transient() {
        tracing::warn!(%error, "idempotency keys cannot be reached");
        return Problem::unavailable("The event store does not answer. Nothing was changed.");
    }
    tracing::error!(%error, "idempotency keys cannot be used");
    Problem::internal()
}
