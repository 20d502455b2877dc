use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[cfg(doc)]
use crate::GRACE;

use super::Tls;
use super::connection::Connections;

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("port {} on {} is already in use", addr.port(), addr.ip())]
    PortInUse { addr: SocketAddr },
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        addr: SocketAddr,
        source: std::io::Error,
    },
}

/// What callers may keep open, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// At once. One more is closed as soon as it was taken: its caller learns at once that it must
    /// go elsewhere or come back, and is not left waiting for what may never become free.
    pub connections: usize,
    /// From the first byte of a request to the end of its head; also for a TLS handshake.
    pub head_within: Duration,
    /// Without a request.
    pub idle: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            head_within: Duration::from_secs(10),
            idle: Duration::from_secs(75),
        }
    }
}

pub async fn bind(addr: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(addr)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServerError::PortInUse { addr },
            _ => ServerError::Bind { addr, source },
        })
}

/// Below [`GRACE`], so that the process ends in order whatever callers leave half sent.
const LAST_REQUESTS: Duration = Duration::from_secs(6);

/// Serves, with TLS where there is a certificate, until `stop`, then takes no new connection and finishes the requests in hand, for at
/// most six seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
) {
    let connections = Connections::new(router.with_state(()), limits, tls.clone(), stop.clone());
    let fresh = async {
        match tls {
            Some(tls) => tls.keep_fresh(stop.clone()).await,
            None => stop.cancelled().await,
        }
    };
    let running = TaskTracker::new();
    tokio::select! {
        () = accept(listener, &connections, &running) => {}
        () = fresh => {}
    }
    running.close();
    if tokio::time::timeout(LAST_REQUESTS, running.wait())
        .await
        .is_err()
    {
        tracing::warn!("requests still in hand after the grace period were dropped");
        connections.given_up.cancel();
        running.wait().await;
    }
}

async fn accept(listener: TcpListener, connections: &Connections, running: &TaskTracker) {
    let places = Arc::new(Semaphore::new(connections.limits.connections));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                refused(&error).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            metrics::counter!("http_connections_refused_total").increment(1);
            continue;
        };
        let connection = connections.clone().run(stream, peer);
        running.spawn(async move {
            let open = metrics::gauge!("http_connections");
            open.increment(1);
            connection.await;
            open.decrement(1);
            drop(place);
        });
    }
}

/// A caller that has gone already is no fault of ours. Anything else, such as no file descriptors
/// being left, does not pass by itself at once.
async fn refused(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        return;
    }
    tracing::error!(%error, "a connection could not be taken");
    tokio::time::sleep(Duration::from_millis(100)).await;
}
