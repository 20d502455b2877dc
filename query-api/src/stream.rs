use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderMap, HeaderName};
use read_models::{LoggedBytes, LoggedRecord};
use runtime::http::{Problem, ProblemType};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, Sender};

use crate::Queries;
use crate::query_error::QueryError;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What waits for one reader to take it. Whoever fills it waits then, and holds up nobody else.
const BUFFERED: usize = 16;

/// Why a stream ends before its reader goes or the process stops.
pub enum Ended {
    /// The reader has gone.
    Gone,
    /// The tail has begun anew.
    Closed,
    Fault(QueryError),
}

impl From<QueryError> for Ended {
    fn from(error: QueryError) -> Self {
        Self::Fault(error)
    }
}

/// One reader of a stream.
#[derive(Clone)]
pub struct Reader(Sender<Event>);

impl Reader {
    pub async fn send(&self, event: Event) -> Result<(), Ended> {
        self.0.send(event).await.map_err(|_| Ended::Gone)
    }
}

impl Queries {
    /// A place among the open streams, held as long as one is.
    pub(crate) fn stream_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = self.streams.clone().try_acquire_owned();
        place.map_err(|_| {
            Problem::new(
                ProblemType::TooManyStreams,
                "Come again later, or read /api/events.",
            )
            .retry_after(5)
        })
    }

    /// Server-sent events, for as long as the reader stays and `fill` goes on.
    pub(crate) fn stream<F>(
        &self,
        place: OwnedSemaphorePermit,
        fill: impl FnOnce(Reader) -> F,
    ) -> Response
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        let (sender, mut events) = mpsc::channel(BUFFERED);
        let filling = fill(Reader(sender.clone()));
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = filling => {
                    if let Ended::Fault(error) = ended {
                        tracing::warn!(%error, "a stream was cut off");
                    }
                }
                () = sender.closed() => {}
                () = stop.cancelled() => {}
            }
        });
        let events = futures::stream::poll_fn(move |context| events.poll_recv(context));
        Sse::new(events.map(Ok::<_, Infallible>))
            .keep_alive(KeepAlive::new().interval(self.heartbeat))
            .into_response()
    }
}

/// Where the reader was, if it says so.
pub fn last_event_id<T: std::str::FromStr>(headers: &HeaderMap) -> Result<Option<T>, Problem> {
    let Some(id) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let place = id.to_str().ok().and_then(|id| id.parse().ok());
    place.map(Some).ok_or_else(|| {
        Problem::new(
            ProblemType::InvalidLastEventId,
            "Last-Event-ID is not an id that this stream gave its events.",
        )
    })
}

/// The record as an event of the stream, without an id; `None` for what is no order's event,
/// whatever it says of itself.
pub fn sent(record: &LoggedRecord) -> Option<Event> {
    let (id, version) = (record.aggregate_id.as_deref()?, record.version?);
    let own = domain::event_id("Order", id, u64::try_from(version).ok()?);
    let Some(LoggedBytes::Text(payload)) = &record.payload else {
        return None;
    };
    let event_type = record.event_type.as_deref()?;
    let is_name = event_type.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_own = record.event_id.as_deref() == Some(own.to_string().as_str());
    (is_own && is_name).then(|| Event::default().event(event_type).data(payload))
}
