use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[cfg(doc)]
use crate::GRACE;

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("port {} on {} is already in use", addr.port(), addr.ip())]
    PortInUse { addr: SocketAddr },
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        addr: SocketAddr,
        source: std::io::Error,
    },
    #[error("serving failed: {0}")]
    Serve(#[source] std::io::Error),
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

/// Serves until `stop`, then takes no new connection and finishes the requests in hand, for at
/// most six seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> Result<(), ServerError> {
    let stopping = stop.clone();
    let serving = axum::serve(listener, router)
        .with_graceful_shutdown(async move { stopping.cancelled().await });
    tokio::select! {
        served = serving.into_future() => served.map_err(ServerError::Serve),
        () = async { stop.cancelled().await; tokio::time::sleep(LAST_REQUESTS).await } => {
            tracing::warn!("requests still in hand after the grace period were dropped");
            Ok(())
        }
    }
}
