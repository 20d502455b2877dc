use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use http::HeaderMap;
use read_models::LoggedRecord;
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, Problem, ProblemType};
use tokio::sync::broadcast::error::RecvError;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses};

use crate::bound::unbound_only;
use crate::live::Live;
use crate::log::Log;
use crate::places::Places;
use crate::stream::{Ended, Reader, last_event_id, sent};
use crate::tail::{End, Subscription};
use crate::{Queries, parameters};

/// How many events are read ahead of a reader that catches up.
const PAGE: i64 = 32;

/// `GET /api/orders/events`: the events of all orders from now on, or from behind the
/// `Last-Event-ID`, as they were published. The id is the reader's place on every partition of the
/// topic. Each order's events come in order; what was published twice comes twice.
#[utoipa::path(
    get,
    path = "/api/orders/events",
    operation_id = "streamOrders",
    tag = "events",
    summary = "All orders' events as they come",
    description = "From now on, or from behind the Last-Event-ID, as they were published. \
                   The id is the place on every partition of the topic. Each order's events \
                   come in order; what was published twice comes twice.",
    params(StreamOrdersParameters),
    responses(
        (
            status = 200,
            description = "Server-sent events, without end",
            content_type = "text/event-stream",
            body = String,
        ),
        StreamOrdersProblems,
    ),
)]
pub async fn stream_orders(
    State(queries): State<Queries>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters.finish()?;
    unbound_only(&caller)?;
    let places: Option<Places> = last_event_id(&headers)?;
    let place = queries.stream_place()?;
    let subscription = queries.tail.subscribe().await?;
    let live = queries.events.now().await?;
    let orders = OrdersStream {
        queries: queries.clone(),
        places: places.unwrap_or_else(|| subscription.end.places.clone()),
    };
    Ok(live.stamp(queries.stream(place, |reader| orders.fill(subscription, reader))))
}

/// What [`Places`] are written and read as.
const PLACES: &str = "^[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*$";

struct StreamOrdersParameters;

impl IntoParams for StreamOrdersParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::header(
                "Last-Event-ID",
                "The id of the event that was received last",
                parameters::text().pattern(Some(PLACES)),
            )
            .example(Some("0:17,3:4".into()))
            .build(),
        ]
    }
}

struct StreamOrdersProblems;

impl IntoResponses for StreamOrdersProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::ForbiddenCustomer,
            ProblemType::InvalidLastEventId,
            ProblemType::TooManyStreams,
        ])
    }
}

struct OrdersStream {
    queries: Queries,
    places: Places,
}

impl OrdersStream {
    async fn fill(mut self, subscription: Subscription, reader: Reader) -> Ended {
        match self.follow(subscription, &reader).await {
            Ok(()) => Ended::Closed,
            Err(ended) => ended,
        }
    }

    async fn follow(
        &mut self,
        mut subscription: Subscription,
        reader: &Reader,
    ) -> Result<(), Ended> {
        // A place without an event: who loses the connection before the first one resumes from here.
        reader
            .send(Event::default().id(self.places.to_string()))
            .await?;
        loop {
            self.catch_up(&subscription.end, reader).await?;
            if !self.listen(&mut subscription, reader).await? {
                return Ok(());
            }
            subscription = self.queries.tail.subscribe().await?;
        }
    }

    /// Sends what lies before the tail's end.
    async fn catch_up(&mut self, end: &End, reader: &Reader) -> Result<(), Ended> {
        let End {
            generation,
            topic: Some(topic),
            places,
        } = end
        else {
            return Ok(());
        };
        for (partition, end) in places.iter() {
            let mut next = self.places.next(partition);
            while next < end {
                let page = next..(next + PAGE).min(end);
                next = page.end;
                let read = |live: Arc<Live>| async move {
                    let log = Log { live: &live, topic };
                    log.read(&[(partition, page)]).await
                };
                let (records, live) = self.queries.events.ask(read).await?;
                // Another one may not have come as far.
                if live.generation != *generation {
                    return Err(Ended::Closed);
                }
                for record in records {
                    self.send(&record, reader).await?;
                }
                self.places.set(partition, next);
            }
        }
        Ok(())
    }

    /// Until something was missed; `false` when the tail has begun anew.
    async fn listen(
        &mut self,
        subscription: &mut Subscription,
        reader: &Reader,
    ) -> Result<bool, Ended> {
        loop {
            let batch = match subscription.batches.recv().await {
                Ok(batch) => batch,
                Err(RecvError::Lagged(_)) => return Ok(true),
                Err(RecvError::Closed) => return Ok(false),
            };
            for record in batch.iter() {
                self.send(record, reader).await?;
            }
        }
    }

    /// Unless the reader is further already.
    async fn send(&mut self, record: &LoggedRecord, reader: &Reader) -> Result<(), Ended> {
        if record.offset < self.places.next(record.partition) {
            return Ok(());
        }
        self.places.set(record.partition, record.offset + 1);
        match sent(record) {
            Some(event) => reader.send(event.id(self.places.to_string())).await,
            None => Ok(()),
        }
    }
}
