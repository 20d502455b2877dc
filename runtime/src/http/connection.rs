use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Tls;
use super::activity::{Activity, InHand, Watched};
use super::server::ConnectionLimits;

/// Also the most that is buffered of what a caller sends. A longer head is answered 431.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
const MAX_STREAMS: u32 = 128;

/// A caller that vanished, or that does not read its answer, is let go after this time.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// What all connections of a server share.
#[derive(Clone)]
pub(super) struct Connections {
    pub router: Router,
    pub limits: ConnectionLimits,
    tls: Option<Arc<Tls>>,
    protocols: Arc<Builder<TokioExecutor>>,
    /// New requests are not taken any more.
    pub stop: CancellationToken,
    /// What is still in hand is dropped.
    pub given_up: CancellationToken,
}

impl Connections {
    pub fn new(
        router: Router,
        limits: ConnectionLimits,
        tls: Option<Arc<Tls>>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            router,
            limits,
            tls,
            protocols: Arc::new(protocols()),
            stop,
            given_up: CancellationToken::new(),
        }
    }

    pub async fn run(self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = tune(&stream) {
            tracing::debug!(%peer, %error, "a connection ended before it began");
            return;
        }
        let Some(tls) = &self.tls else {
            return self.drive(stream, peer).await;
        };
        let handshake = tls.acceptor().accept(stream);
        match tokio::time::timeout(self.limits.head_within, handshake).await {
            Ok(Ok(stream)) => self.drive(stream, peer).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS could be agreed on"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn drive<S>(self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let ConnectionLimits {
            head_within, idle, ..
        } = self.limits;
        let activity = Arc::new(Activity::new(head_within, idle));
        let io = TokioIo::new(Watched::new(stream, activity.clone()));
        let router = self.router;
        let service = service_fn(move |request: Request<Incoming>| {
            let in_hand = activity.begin(request.version());
            let answer = router.clone().oneshot(request.map(Body::new));
            async move {
                let answer: Result<Response<Body>, Infallible> = answer.await;
                answer.map(|answer| answer.map(|body| Answer { body, in_hand }))
            }
        });
        let mut connection = pin!(self.protocols.serve_connection(io, service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.given_up.cancelled() => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, error, "a connection ended early");
        }
    }
}

fn protocols() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES as u32);
    builder
}

fn tune(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    let probes = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10));
    socket.set_tcp_keepalive(&probes)
}

/// An answer's body: its request is in hand until the last of it was sent.
struct Answer {
    body: Body,
    #[expect(dead_code, reason = "is there to be dropped with the body")]
    in_hand: InHand,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
