use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use runtime::http::{ConnectionLimits, Tls, bind, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything here may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const GET: &str = "GET /hello HTTP/1.1\r\nhost: test\r\n\r\n";

/// A server of its own, with a route that answers at once and one that waits to be let go.
pub struct Served {
    pub addr: SocketAddr,
    pub stop: CancellationToken,
    /// A request to `/slow` is there.
    pub arrived: Arc<Notify>,
    pub let_go: Arc<Notify>,
    pub ended: JoinHandle<()>,
}

impl Served {
    pub async fn with(limits: ConnectionLimits) -> Self {
        Self::secured(limits, None).await
    }

    pub async fn secured(limits: ConnectionLimits, tls: Option<Arc<Tls>>) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (arrived, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (here, gone) = (arrived.clone(), let_go.clone());
        let slow = async move || {
            here.notify_one();
            gone.notified().await;
            "at last"
        };
        let router = Router::new()
            .route("/hello", get(async || "hello"))
            .route("/ignores-its-body", post(async || "taken"))
            .route("/slow", get(slow));
        let stop = CancellationToken::new();
        Self {
            addr: listener.local_addr().unwrap(),
            ended: tokio::spawn(serve(listener, router, limits, tls, stop.clone())),
            stop,
            arrived,
            let_go,
        }
    }

    pub async fn connect(&self) -> Caller {
        Caller(TcpStream::connect(self.addr).await.unwrap())
    }

    /// Somebody else is served all the while.
    pub async fn serves(&self) -> bool {
        let mut caller = self.connect().await;
        caller.send(GET).await && caller.answer().await.starts_with("HTTP/1.1 200")
    }
}

/// Short enough to be waited for, long enough for a busy machine.
pub fn brief() -> ConnectionLimits {
    ConnectionLimits {
        connections: 100,
        head_within: Duration::from_millis(500),
        idle: Duration::from_secs(2),
    }
}

pub struct Caller(pub TcpStream);

impl Caller {
    /// Whether it could be sent.
    pub async fn send(&mut self, text: impl AsRef<[u8]>) -> bool {
        self.0.write_all(text.as_ref()).await.is_ok()
    }

    /// What comes until there is a whole answer with a short body, or the end.
    pub async fn answer(&mut self) -> String {
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        let whole = async {
            while let Ok(read @ 1..) = self.0.read(&mut buffer).await {
                text.extend_from_slice(&buffer[..read]);
                if String::from_utf8_lossy(&text).contains("\r\n\r\n") {
                    break;
                }
            }
        };
        tokio::time::timeout(PATIENCE, whole).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Waits until the server has closed the connection; what came before.
    pub async fn end(&mut self) -> String {
        String::from_utf8(self.end_bytes().await).unwrap()
    }

    pub async fn end_bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        // A reset is an end too.
        let _ = tokio::time::timeout(PATIENCE, end).await.unwrap();
        bytes
    }
}
