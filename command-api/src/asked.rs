use std::pin::Pin;

use axum::response::Response;
use domain::order::{Order, OrderCommand, OrderError};
use event_store::ExpectedVersion;
use http::StatusCode;
use runtime::http::Problem;
use tracing::{Instrument, Span};

use crate::CommandApi;
use crate::answer::{answer, outcome_unknown, problem, respond};
use crate::head::Head;
use crate::idempotency::{Fingerprint, Turn, in_progress};

/// A command to one order, as a caller asked for it.
pub struct Asked {
    pub head: Head,
    pub order_id: String,
    pub expected: ExpectedVersion,
    pub command: OrderCommand,
    pub fingerprint: Fingerprint,
    /// The answer's status where the command goes through.
    pub done: StatusCode,
}

type CarriedOut = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

impl Asked {
    /// What is another customer's looks as if it did not exist. Decided on the order as it is loaded
    /// for the command: a look of its own would cost every command a second read, and could see
    /// another state than the one the command is decided on.
    pub fn admit(&self, order: &Order) -> Result<(), OrderError> {
        let caller = &self.head.caller;
        match order.placed() {
            Some(placed) if !caller.may_touch(placed.customer_id.as_str()) => {
                Err(OrderError::NotFound)
            }
            // Whatever version it is expected at; a new order has none to be found yet.
            None if self.expected != ExpectedVersion::New && *order == Order::default() => {
                Err(OrderError::NotFound)
            }
            _ => Ok(()),
        }
    }
}

impl CommandApi {
    /// Answers by the deadline. A command that is under way by then is carried through, and its
    /// answer kept if it has a key.
    pub(crate) async fn carry_out(self, asked: Asked) -> Result<Response, Problem> {
        let deadline = asked.head.deadline;
        let order_id = asked.order_id.clone();
        let mut carried_out: CarriedOut = match asked.head.key.clone() {
            None => Box::pin(async move { self.at_once(&asked).await }),
            Some(key) => {
                let turn = deadline.keep(self.turn(&key, &asked.fingerprint)).await;
                match turn.ok_or_else(in_progress)?? {
                    Turn::Answered(answer) => return Ok(answer),
                    Turn::Ours(place) => Box::pin(async move {
                        let _place = place;
                        self.once(&key, &asked).await
                    }),
                }
            }
        };
        if let Some(answer) = deadline.keep(&mut carried_out).await {
            return answer;
        }
        tracing::warn!(order_id, "a command takes longer than its caller may wait");
        tokio::spawn(carried_out.instrument(Span::current()));
        Err(outcome_unknown(&order_id))
    }

    async fn at_once(&self, asked: &Asked) -> Result<Response, Problem> {
        match self.execute(asked, None).await {
            Ok(done) => Ok(respond(answer(asked.done, &asked.order_id, &done))),
            Err(error) => Err(problem(&asked.order_id, error)),
        }
    }
}
