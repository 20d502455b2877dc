use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What happens on one connection, as far as it says how long its caller may stay silent.
pub(super) struct Activity {
    head_within: Duration,
    idle: Duration,
    state: Mutex<State>,
}

struct State {
    /// Requests whose answers have not been sent whole.
    in_hand: usize,
    /// Since when there is none.
    quiet_since: Instant,
    /// Since when a request is arriving.
    head_since: Option<Instant>,
    /// HTTP/2: bytes may come that belong to no request.
    multiplexed: bool,
}

/// A request that is being answered, until it is dropped.
pub(super) struct InHand(Arc<Activity>);

impl Activity {
    pub fn new(head_within: Duration, idle: Duration) -> Self {
        Self {
            head_within,
            idle,
            state: Mutex::new(State {
                in_hand: 0,
                quiet_since: Instant::now(),
                head_since: None,
                multiplexed: false,
            }),
        }
    }

    /// The head of a request is complete.
    pub fn begin(self: &Arc<Self>, version: http::Version) -> InHand {
        let mut state = self.lock();
        state.in_hand += 1;
        state.head_since = None;
        state.multiplexed |= version == http::Version::HTTP_2;
        drop(state);
        InHand(self.clone())
    }

    fn received(&self) {
        let mut state = self.lock();
        if state.in_hand == 0 && !state.multiplexed {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// When the caller must have sent something, as things stand; while a request is in hand, when
    /// to look again.
    fn deadline(&self) -> Instant {
        let state = self.lock();
        if state.in_hand > 0 {
            return Instant::now() + self.idle;
        }
        let idle = state.quiet_since + self.idle;
        let head = state.head_since.map(|since| since + self.head_within);
        head.map_or(idle, |head| head.min(idle))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.in_hand -= 1;
        state.quiet_since = Instant::now();
    }
}

/// A stream whose reading fails when its caller has been silent for too long: hyper's own time-out
/// makes no difference between a request that trickles in and a connection that is kept for later,
/// and does not begin before the protocol is known.
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    timer: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    pub fn new(stream: S, activity: Arc<Activity>) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(activity.deadline()));
        Self {
            stream,
            activity,
            timer,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                self.activity.received();
            }
            return read;
        }
        loop {
            let deadline = self.activity.deadline();
            // A later deadline is looked up when the earlier one has passed: most never do.
            if deadline < self.timer.deadline() || self.timer.is_elapsed() {
                self.timer.as_mut().reset(deadline);
            }
            ready!(self.timer.as_mut().poll(context));
            if self.activity.deadline() <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
