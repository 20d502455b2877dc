use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::fetch::{Fetch, FetchError};
use super::key_set::{KeySet, SigningKey};
use super::{KeySetError, ring_provider};
use crate::Backoff;
use crate::health::Check;

/// Tokens with made-up key ids must not become requests to the issuer.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Where an issuer's keys are to be had.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    Url(http::Uri),
    File(PathBuf),
}

enum Place {
    Url(Box<Fetch>),
    File(PathBuf),
}

/// An issuer's keys, as they were last read: an issuer that is away takes nothing away.
pub struct KeySource {
    place: Place,
    known: RwLock<Option<Arc<KeySet>>>,
    /// When they were read because of a key that was not known. Whoever holds it reads them.
    asked: Mutex<Option<Instant>>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    #[error("the issuer's keys cannot be fetched: {0}")]
    Fetch(#[from] FetchError),
    #[error("{path} cannot be read: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("the issuer's JWKS {0}")]
    Keys(#[from] KeySetError),
}

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has none of this id.
    Unknown,
    /// Nothing has been read yet.
    Away,
}

impl KeySource {
    pub fn new(place: KeyPlace) -> Result<Self, KeySourceError> {
        ring_provider::install();
        let place = match place {
            KeyPlace::Url(uri) => Place::Url(Box::new(Fetch::new(uri)?)),
            KeyPlace::File(path) => Place::File(path),
        };
        Ok(Self {
            place,
            known: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    /// Reads the keys again and again until `stop`. `check` is away until they were read once;
    /// after that old keys are better than none.
    pub async fn keep_fresh(&self, check: Check, stop: CancellationToken) {
        let every = match self.place {
            Place::Url(_) => Duration::from_secs(300),
            Place::File(_) => Duration::from_secs(5),
        };
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
        loop {
            let wait = match self.refresh().await {
                Ok(()) => {
                    check.up();
                    backoff.reset();
                    every
                }
                Err(error) if self.current().is_none() => {
                    check.away(error);
                    backoff.wait()
                }
                Err(error) => {
                    tracing::warn!(%error, "the keys known before stay in use");
                    every.min(Duration::from_secs(30))
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// The key of this id. One that is not known makes the keys be read again, once for all who
    /// ask within ten seconds.
    pub(super) async fn find(&self, id: Option<&str>) -> Result<SigningKey, NoKey> {
        if let Some(key) = self.known_key(id) {
            return Ok(key);
        }
        // The first reading is for `keep_fresh`, which does not ask more often with every caller.
        if self.current().is_none() {
            return Err(NoKey::Away);
        }
        let mut asked = self.asked.lock().await;
        if let Some(key) = self.known_key(id) {
            return Ok(key);
        }
        if asked.is_none_or(|at| at.elapsed() >= ASK_AGAIN_AFTER) {
            *asked = Some(Instant::now());
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "a key that is not known could not be looked for");
            }
        }
        drop(asked);
        self.known_key(id).ok_or(NoKey::Unknown)
    }

    async fn refresh(&self) -> Result<(), KeySourceError> {
        let json = match &self.place {
            Place::Url(issuer) => issuer.get().await?,
            Place::File(path) => {
                let read = tokio::fs::read(path).await;
                read.map(Bytes::from)
                    .map_err(|source| KeySourceError::File {
                        path: path.display().to_string(),
                        source,
                    })?
            }
        };
        let keys = Some(Arc::new(KeySet::parse(&json)?));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn known_key(&self, id: Option<&str>) -> Option<SigningKey> {
        self.current()?.find(id).cloned()
    }

    fn current(&self) -> Option<Arc<KeySet>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}
