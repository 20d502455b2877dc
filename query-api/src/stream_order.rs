use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bson::{RawDocumentBuf, doc};
use futures::TryStreamExt;
use http::HeaderMap;
use read_models::LoggedRecord;
use runtime::http::openapi::problem_responses;
use runtime::http::{Caller, Parameters, PathText, Problem, ProblemType};
use tokio::sync::broadcast::error::RecvError;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoParams, IntoResponses};

use crate::entry::{not_found, order_id};
use crate::keyset::{Keyset, Kind};
use crate::live::Live;
use crate::query_error::QueryError;
use crate::stream::{Ended, Reader, last_event_id, sent};
use crate::tail::{End, Subscription};
use crate::{Queries, parameters};

/// How many events are read ahead of a reader that catches up.
const PAGE: i64 = 32;

static BY_VERSION: Keyset = Keyset {
    name: "version",
    fields: &[
        ("version", Kind::Number),
        ("partition", Kind::Number),
        ("offset", Kind::Number),
    ],
    descending: false,
};

/// `GET /api/orders/{id}/events`: the order's events from its first one on, or from behind the
/// `Last-Event-ID`, as they were published; then those to come. The id is the version. Each version
/// comes once, in order.
#[utoipa::path(
    get,
    path = "/api/orders/{id}/events",
    operation_id = "streamOrder",
    tag = "events",
    summary = "An order's events as they come",
    description = "From its first one on, or from behind the Last-Event-ID, as they were \
                   published; then those to come. The id is the version. Each version comes \
                   once, in order.",
    params(StreamOrderParameters),
    responses(
        (
            status = 200,
            description = "Server-sent events, without end",
            content_type = "text/event-stream",
            body = String,
        ),
        StreamOrderProblems,
    ),
)]
pub async fn stream_order(
    State(queries): State<Queries>,
    caller: Caller,
    PathText(id): PathText,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters.finish()?;
    let last: Option<u32> = last_event_id(&headers)?;
    let id = order_id(id);
    let (entry, _) = queries.entry(&id, &caller).await?;
    if entry.is_none() {
        return Err(not_found(&id));
    }
    let place = queries.stream_place()?;
    let subscription = queries.tail.subscribe().await?;
    let live = queries.events.now().await?;
    let order = OrderStream {
        queries: queries.clone(),
        order_id: id,
        last: last.map_or(0, i64::from),
    };
    Ok(live.stamp(queries.stream(place, |reader| order.fill(subscription, reader))))
}

struct StreamOrderParameters;

impl IntoParams for StreamOrderParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameters::id("The order's", "0192f0c1-2b3c-7d4e-8f50-6172839405a6"),
            parameters::header(
                "Last-Event-ID",
                "The id of the event that was received last",
                parameters::whole(0, u32::MAX as usize),
            )
            .example(Some(1.into()))
            .build(),
        ]
    }
}

struct StreamOrderProblems;

impl IntoResponses for StreamOrderProblems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        problem_responses(&[
            ProblemType::MalformedQuery,
            ProblemType::ValidationFailed,
            ProblemType::InvalidLastEventId,
            ProblemType::OrderNotFound,
            ProblemType::TooManyStreams,
        ])
    }
}

struct OrderStream {
    queries: Queries,
    order_id: String,
    /// The version that was sent last.
    last: i64,
}

impl OrderStream {
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
        loop {
            self.catch_up(&subscription.end, reader).await?;
            if !self.listen(&mut subscription, reader).await? {
                return Ok(());
            }
            subscription = self.queries.tail.subscribe().await?;
        }
    }

    /// Sends what is logged. Pages are cut by places and not by versions: of one version there may
    /// be any number of records, and not each is the order's event.
    async fn catch_up(&mut self, end: &End, reader: &Reader) -> Result<(), Ended> {
        // Others tell of the order under the same id, with versions of their own.
        let Some(topic) = &end.topic else {
            return Ok(());
        };
        let mut query = doc! {
            "aggregateId": &self.order_id, "version": { "$gt": self.last }, "topic": topic,
        };
        loop {
            let filter = query.clone();
            let page = |live: Arc<Live>| async move {
                let records = live.documents::<RawDocumentBuf>();
                let found = records.find(filter).sort(BY_VERSION.sort()).limit(PAGE);
                Ok::<Vec<_>, QueryError>(found.await?.try_collect().await?)
            };
            let (page, _) = self.queries.events.ask(page).await?;
            for record in &page {
                let record = bson::deserialize_from_slice(record.as_bytes());
                self.send(&record.map_err(QueryError::from)?, reader)
                    .await?;
            }
            let last = page.last().and_then(|last| BY_VERSION.place(last));
            match last.filter(|_| page.len() as i64 == PAGE) {
                Some(place) => query.insert("$and", [BY_VERSION.after(&place)]),
                None => return Ok(()),
            };
        }
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
            let own =
                |record: &&LoggedRecord| record.aggregate_id.as_deref() == Some(&self.order_id);
            let own: Vec<_> = batch.iter().filter(own).collect();
            for record in own {
                self.send(record, reader).await?;
            }
        }
    }

    async fn send(&mut self, record: &LoggedRecord, reader: &Reader) -> Result<(), Ended> {
        let Some(version) = record.version.filter(|version| *version > self.last) else {
            return Ok(());
        };
        if let Some(event) = sent(record) {
            reader.send(event.id(version.to_string())).await?;
            self.last = version;
        }
        Ok(())
    }
}
