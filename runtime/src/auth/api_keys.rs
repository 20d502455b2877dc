use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use serde::Deserialize;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use tokio_util::sync::CancellationToken;

use crate::http::{Caller, Scope};

/// Keys that callers without an issuer are known by. Of each the file has the SHA-256 only, which
/// is enough for keys nobody can guess, and nothing for keys somebody can.
pub struct ApiKeys {
    path: PathBuf,
    keys: RwLock<Arc<[ApiKey]>>,
}

struct ApiKey {
    sha256: [u8; 32],
    caller: Caller,
}

#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    #[error("{path} cannot be read: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    /// Without the text itself, which may be a key that was put there by mistake.
    #[error("{path} is no list of API keys: line {line}, column {column}")]
    Json {
        path: String,
        line: usize,
        column: usize,
    },
    #[error("{path}, key {name:?}: {fault}")]
    Entry {
        path: String,
        name: String,
        fault: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    scopes: Vec<String>,
    customer_id: Option<String>,
}

impl ApiKeys {
    pub fn read(path: &Path) -> Result<Self, ApiKeyError> {
        let keys = load(path)?;
        Ok(Self {
            path: path.to_owned(),
            keys: RwLock::new(keys),
        })
    }

    /// Reads the file every five seconds until `stop`.
    pub(super) async fn keep_fresh(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(5)) => self.refresh(),
            }
        }
    }

    /// A file that cannot be used changes nothing.
    fn refresh(&self) {
        match load(&self.path) {
            Ok(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys,
            Err(error) => tracing::warn!(%error, "the API keys known before stay in use"),
        }
    }

    /// Looks at every key, the whole of it, whatever is found: how long it takes tells nothing.
    pub(super) fn caller(&self, key: &str) -> Option<Caller> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.clone();
        let hash = digest(&SHA256, key.as_bytes());
        let (mut found, mut at) = (Choice::from(0), 0_u64);
        for (index, key) in (0..).zip(keys.iter()) {
            let same = key.sha256.ct_eq(hash.as_ref());
            at.conditional_assign(&index, same);
            found |= same;
        }
        let key = usize::try_from(at).ok().and_then(|at| keys.get(at));
        key.filter(|_| bool::from(found))
            .map(|key| key.caller.clone())
    }
}

fn load(path: &Path) -> Result<Arc<[ApiKey]>, ApiKeyError> {
    let shown = || path.display().to_string();
    let text = std::fs::read(path).map_err(|source| ApiKeyError::File {
        path: shown(),
        source,
    })?;
    let entries: Vec<Entry> = serde_json::from_slice(&text).map_err(|error| ApiKeyError::Json {
        path: shown(),
        line: error.line(),
        column: error.column(),
    })?;
    let mut keys = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.name.clone();
        let key = read(entry).map_err(|fault| ApiKeyError::Entry {
            path: shown(),
            name: name.clone(),
            fault,
        })?;
        let taken = |known: &ApiKey| known.caller.name == key.caller.name;
        if keys.iter().any(taken) {
            let fault = "the name stands twice";
            let path = shown();
            return Err(ApiKeyError::Entry { path, name, fault });
        }
        keys.push(key);
    }
    Ok(keys.into())
}

fn read(entry: Entry) -> Result<ApiKey, &'static str> {
    if entry.name.is_empty() || entry.customer_id.as_deref() == Some("") {
        return Err("name and customerId may not be empty");
    }
    let sha256 = sha256(&entry.sha256).ok_or("sha256 is not 64 hexadecimal digits")?;
    let scopes = entry.scopes.iter().map(|scope| Scope::named(scope));
    let scopes: Option<Arc<[Scope]>> = scopes.collect();
    Ok(ApiKey {
        sha256,
        caller: Caller {
            name: format!("key:{}", entry.name).into(),
            scopes: scopes.ok_or("a scope is none of orders:write, orders:read, ops")?,
            customer_id: entry.customer_id.map(Into::into),
        },
    })
}

fn sha256(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
