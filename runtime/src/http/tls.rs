use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_util::sync::CancellationToken;

/// A certificate and its key, followed as the files change.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    served: Mutex<Served>,
}

struct Served {
    files: Files,
    acceptor: TlsAcceptor,
}

#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Of the key nothing but its path is ever shown.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} cannot be read: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("{path} is no PEM file of a certificate or a key: {source}")]
    Pem { path: String, source: pem::Error },
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files::read(certificate, key)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            served: Mutex::new(Served {
                acceptor: acceptor(&files, certificate, key)?,
                files,
            }),
        })
    }

    /// Looks at the files every two seconds until `stop`. What cannot be used changes nothing: the
    /// two are seldom replaced in one instant.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
            match self.refresh() {
                Ok(true) => tracing::info!("the TLS certificate has changed"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the certificate known before stays in use"),
            }
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.acceptor.clone()
    }

    fn refresh(&self) -> Result<bool, TlsError> {
        let files = Files::read(&self.certificate, &self.key)?;
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        if served.files == files {
            return Ok(false);
        }
        served.acceptor = acceptor(&files, &self.certificate, &self.key)?;
        served.files = files;
        Ok(true)
    }
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let file = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::File {
                path: path.display().to_string(),
                source,
            })
        };
        Ok(Self {
            certificate: file(certificate)?,
            key: file(key)?,
        })
    }
}

fn acceptor(files: &Files, certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let unread = |path: &Path| {
        let path = path.display().to_string();
        |source| TlsError::Pem { path, source }
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&files.certificate).collect();
    let chain = chain.map_err(unread(certificate))?;
    let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(unread(key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
