use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::ensure;
use http::header::{CONTENT_TYPE, HOST, LOCATION};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::closed_loop::{self, Caller, Load};
use super::measured::Measured;

/// What is asked for again and again.
pub struct Asking {
    pub at: SocketAddr,
    pub method: Method,
    /// The path and body of the request of a number, while there is one.
    pub request: Box<dyn Fn(usize) -> Option<(String, Bytes)> + Send + Sync>,
    /// Another answer is an error.
    pub answer: StatusCode,
}

/// What was reached over so many connections, and the `Location` of each answer that had one. One
/// thread does it all: what the client uses up of the machine, the servers do without.
pub async fn ask(
    asking: Asking,
    connections: usize,
    load: Load,
) -> anyhow::Result<(Measured, Vec<String>)> {
    let client = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let asking = Arc::new(asking);
            let mut callers = Vec::new();
            for _ in 0..connections {
                callers.push(Connection::open(asking.clone()).await?);
            }
            let (measured, callers) = closed_loop::run(callers, load).await?;
            let locations = callers.into_iter().flat_map(|c| c.locations).collect();
            Ok((measured, locations))
        })
    };
    tokio::task::spawn_blocking(client).await?
}

struct Connection {
    asking: Arc<Asking>,
    host: String,
    sender: SendRequest<Full<Bytes>>,
    locations: Vec<String>,
}

impl Connection {
    async fn open(asking: Arc<Asking>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(asking.at).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its failure is that of the request that is under way.
        tokio::spawn(connection);
        Ok(Self {
            host: asking.at.to_string(),
            asking,
            sender,
            locations: Vec::new(),
        })
    }
}

impl Caller for Connection {
    async fn call(&mut self, number: usize) -> anyhow::Result<bool> {
        let Some((path, body)) = (self.asking.request)(number) else {
            return Ok(false);
        };
        let request = Request::builder()
            .method(&self.asking.method)
            .uri(path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        ensure!(
            head.status == self.asking.answer,
            "{}: {}",
            head.status,
            String::from_utf8_lossy(&body)
        );
        if let Some(location) = head.headers.get(LOCATION) {
            self.locations.push(location.to_str()?.to_owned());
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each request with its own path as the `Location`, and keeps connections open.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut read = vec![0; 4096];
                    while let Ok(1..) = stream.read(&mut read).await {
                        let text = String::from_utf8_lossy(&read);
                        let path = text.split(' ').nth(1).unwrap();
                        let answer = format!(
                            "HTTP/1.1 201 Created\r\nlocation: {path}\r\ncontent-length: 2\r\n\r\n{{}}"
                        );
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        at
    }

    async fn ask_for_five(answer: StatusCode) -> anyhow::Result<(Measured, Vec<String>)> {
        let asking = Asking {
            at: echo().await,
            method: Method::POST,
            request: Box::new(|n| (n < 5).then(|| (format!("/{n}"), Bytes::new()))),
            answer,
        };
        let load = Load {
            warm_up: Duration::ZERO,
            lasting: Duration::from_secs(10),
        };
        ask(asking, 2, load).await
    }

    #[tokio::test]
    async fn each_request_is_sent_once_and_counts_once() {
        let (measured, mut locations) = ask_for_five(StatusCode::CREATED).await.unwrap();
        locations.sort();
        assert_eq!(locations, ["/0", "/1", "/2", "/3", "/4"]);
        assert_eq!(measured.took.len(), 5);
    }

    #[tokio::test]
    async fn another_answer_is_an_error() {
        let error = ask_for_five(StatusCode::OK).await.err().unwrap();
        assert!(error.to_string().contains("201"), "{error}");
    }
}
