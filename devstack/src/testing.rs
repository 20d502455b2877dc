//! Servers for tests, in temporary folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{Builder, TempDir};
use tokio::sync::OnceCell;

use crate::cache;
use crate::compose::{Compose, Service};
use crate::kind::Kind;
use crate::launch::Life;
use crate::server::{Place, Server};
use crate::{DevstackError, Kafka, MailCatcher, MongoDb, Postgres};

/// The Postgres of this test process, started when first asked for.
///
/// # Panics
/// If there is none and none can be started, with the reason.
pub async fn shared_postgres() -> &'static Postgres {
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    shared(&SERVER).await
}

/// The Kafka broker of this test process, started when first asked for.
///
/// # Panics
/// If there is none and none can be started, with the reason.
pub async fn shared_kafka() -> &'static Kafka {
    static SERVER: OnceCell<Kafka> = OnceCell::const_new();
    shared(&SERVER).await
}

/// The MongoDB of this test process, started when first asked for.
///
/// # Panics
/// If there is none and none can be started, with the reason.
pub async fn shared_mongodb() -> &'static MongoDb {
    static SERVER: OnceCell<MongoDb> = OnceCell::const_new();
    shared(&SERVER).await
}

/// The mail catcher of this test process, started when first asked for.
///
/// # Panics
/// If there is none and none can be started, with the reason.
pub async fn shared_mail_catcher() -> &'static MailCatcher {
    static SERVER: OnceCell<MailCatcher> = OnceCell::const_new();
    shared(&SERVER).await
}

/// A Postgres of the caller's own, to be killed and paused. Removed when dropped.
pub async fn private_postgres() -> Result<Postgres, DevstackError> {
    temporary().await
}

/// A Kafka broker of the caller's own, to be killed and paused. Removed when dropped.
pub async fn private_kafka() -> Result<Kafka, DevstackError> {
    temporary().await
}

/// A MongoDB of the caller's own, to be killed and paused. Removed when dropped.
pub async fn private_mongodb() -> Result<MongoDb, DevstackError> {
    temporary().await
}

/// A mail catcher of the caller's own, to be killed and paused. Removed when dropped.
pub async fn private_mail_catcher() -> Result<MailCatcher, DevstackError> {
    temporary().await
}

/// A static is never dropped; the server's supervisor clears up after the process has ended.
async fn shared<K: Kind>(cell: &'static OnceCell<Server<K>>) -> &'static Server<K> {
    let started = cell.get_or_try_init(async || {
        if let Some(named) = Server::named() {
            return Ok(named);
        }
        match Compose::for_tests().await {
            Some(compose) => in_container(&compose).await,
            None => temporary().await,
        }
    });
    match started.await {
        Ok(server) => server,
        Err(error) => panic!("{}: {error}", K::NAME),
    }
}

async fn in_container<K: Kind>(compose: &Compose) -> Result<Server<K>, DevstackError> {
    // Of test processes that run side by side one starts the container.
    let _lock = cache::lock(std::env::temp_dir().join("orders-tests-compose.lock")).await?;
    let ports = compose.up(&[Service::of::<K>()]).await?;
    Ok(Server::elsewhere(K::address(ports[0])))
}

async fn temporary<K: Kind>() -> Result<Server<K>, DevstackError> {
    let mut folder = open_folder(&std::env::temp_dir())?;
    let reachable = K::home(folder.path()).await?;
    if reachable != folder.path() {
        cache::remove(&reachable)?;
        folder = open_folder(Path::new("/var/tmp"))?;
        K::home(folder.path()).await?;
    }
    Server::native(Place {
        home: folder.path().to_owned(),
        temporary: Some(folder),
        life: Life::Temporary,
        preferred_port: None,
    })
    .await
}

fn open_folder(parent: &Path) -> Result<TempDir, DevstackError> {
    Builder::new()
        .prefix("orders-devstack-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(parent)
        .map_err(DevstackError::io(parent))
}
