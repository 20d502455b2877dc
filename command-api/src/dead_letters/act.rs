use axum::response::Response;
use event_store::dead_letters::{Action, DeskError, Filter, KeepItem};
use event_store::{EventStoreError, StoredAnswer};
use http::StatusCode;
use runtime::http::Problem;
use uuid::Uuid;

use super::answer::refused;
use super::requeue_all::requeue_pages;
use crate::CommandApi;
use crate::answer::{json, refusal, respond};
use crate::head::Head;
use crate::idempotency::{Fingerprint, IdempotencyKey, Turn, in_progress};

/// What somebody wants done about dead letters.
pub struct Act {
    pub head: Head,
    pub by: String,
    pub deed: Deed,
    pub fingerprint: Fingerprint,
}

pub enum Deed {
    Requeue(Uuid),
    Discard(Uuid, String),
    RequeueAll(Filter),
}

impl CommandApi {
    /// Acts, and under a key once: whoever sends it again learns what it came to then, and not what
    /// has become of the item since.
    pub(super) async fn act(&self, act: &Act) -> Result<Response, Problem> {
        let Some(key) = &act.head.key else {
            let done = self.carry_out_act(act, None).await;
            return done.map(respond).map_err(refused);
        };
        let turn = self.turn(key, &act.fingerprint);
        let turn = act.head.deadline.keep(turn).await;
        match turn.ok_or_else(in_progress)?? {
            Turn::Answered(answer) => Ok(answer),
            Turn::Ours(_place) => self.act_once(key, act).await,
        }
    }

    async fn act_once(&self, key: &IdempotencyKey, act: &Act) -> Result<Response, Problem> {
        let fingerprint = &act.fingerprint;
        loop {
            if let Some(answer) = self.repeated(key, fingerprint).await? {
                return Ok(answer);
            }
            let answer = match self.carry_out_act(act, Some(key)).await {
                Ok(answer) if act.deed.is_kept_at_once() => return Ok(respond(answer)),
                Ok(answer) => answer,
                Err(error @ (DeskError::Settled { .. } | DeskError::StoredEvent { .. })) => {
                    refusal(&refused(error))
                }
                // Expired in between, if it is not there.
                Err(DeskError::Store(EventStoreError::IdempotencyKeyTaken)) => continue,
                // This very action may have gone through, here or in another process: then the
                // answer is there.
                Err(error) => {
                    let problem = refused(error);
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

    async fn carry_out_act(
        &self,
        act: &Act,
        key: Option<&IdempotencyKey>,
    ) -> Result<StoredAnswer, DeskError> {
        let (letters, by) = (&self.dead_letters, act.by.as_str());
        let (id, action) = match &act.deed {
            Deed::Requeue(id) => (*id, Action::Requeue),
            Deed::Discard(id, reason) => (*id, Action::Discard { reason }),
            Deed::RequeueAll(filter) => {
                let all = requeue_pages(letters, filter, by).await?;
                tracing::info!(requeued = all.requeued, left = all.left, by, "requeued");
                return Ok(json(StatusCode::ACCEPTED, &all));
            }
        };
        let make = key.map(|key| {
            move |item: &_| key.record(&act.fingerprint, json(StatusCode::ACCEPTED, item))
        });
        let keep = make.as_ref().map(|make| make as &KeepItem<'_>);
        let item = letters.act(id, by, action, keep).await?;
        tracing::info!(dead_letter = %id, by, ?action, "acted on");
        Ok(json(StatusCode::ACCEPTED, &item))
    }
}

impl Deed {
    /// Together with what it does. Not so where many items are requeued a page at a time: cut off
    /// halfway it has no answer yet, and done again it goes on with what is still open.
    fn is_kept_at_once(&self) -> bool {
        !matches!(self, Self::RequeueAll(_))
    }
}
