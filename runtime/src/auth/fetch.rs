use std::time::Duration;

use axum::body::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::crypto::ring::default_provider;

/// An issuer that takes longer has not answered.
const WITHIN: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 1 << 20;

/// Fetches one small document, from that address and no other: redirects are not followed.
pub(super) struct Fetch {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the system's root certificates cannot be used: {0}")]
    Roots(std::io::Error),
    #[error("{0}")]
    Unreachable(#[from] Error),
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("the answer is cut off, or larger than {MAX_BYTES} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("no answer within {WITHIN:?}")]
    Late,
}

impl Fetch {
    pub fn new(uri: Uri) -> Result<Self, FetchError> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(default_provider())
            .map_err(FetchError::Roots)?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { uri, client })
    }

    pub async fn get(&self) -> Result<Bytes, FetchError> {
        let got = tokio::time::timeout(WITHIN, async {
            let answer = self.client.get(self.uri.clone()).await?;
            if answer.status() != StatusCode::OK {
                return Err(FetchError::Status(answer.status()));
            }
            let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
            Ok(body.map_err(FetchError::Body)?.to_bytes())
        });
        got.await.unwrap_or(Err(FetchError::Late))
    }
}
