//! Looking at, stopping and clearing a development stack from any process.

use std::path::{Path, PathBuf, absolute};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::compose::Compose;
use crate::kafka::KafkaKind;
use crate::kind::Kind;
use crate::mail_catcher::MailCatcherKind;
use crate::mongodb::MongoDbKind;
use crate::postgres::PostgresKind;
use crate::process::kill_all;
use crate::process_table::signal;
use crate::server::end;
use crate::state::{self, Lock, Status};
use crate::{DevstackError, cache, home};

const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// The development stack that runs with this folder, if one does.
pub fn status(folder: &Path) -> Option<Status> {
    let status = state::read(folder)?;
    let runs = if status.detached {
        let mut servers = status.servers.iter();
        servers.any(|server| server.in_container || server.running_process().is_some())
    } else {
        matches!(Lock::try_take(folder), Ok(None))
    };
    runs.then_some(status)
}

/// Ends the stack that runs with this folder, detached or not; false if none does.
/// The process of one that is not detached is asked to end with SIGTERM.
pub async fn stop(folder: &Path) -> Result<bool, DevstackError> {
    if !folder.exists() {
        return Ok(false);
    }
    let running = status(folder);
    if let Some(attached) = running.as_ref().filter(|status| !status.detached) {
        if attached.owner == std::process::id() {
            return Err(in_use(folder));
        }
        signal(attached.owner, Signal::TERM);
    }
    let _lock = take_within(folder, ENDED_WITHIN).await?;
    let recorded = state::read(folder).or(running);
    if let Some(recorded) = &recorded {
        end_recorded::<PostgresKind>(recorded).await;
        end_recorded::<KafkaKind>(recorded).await;
        end_recorded::<MongoDbKind>(recorded).await;
        end_recorded::<MailCatcherKind>(recorded).await;
        state::remove(folder)?;
    }
    // Containers outlive the record of the process that started them.
    let stopped = match Compose::for_development().await {
        Some(compose) => compose.stop().await?,
        None => false,
    };
    Ok(stopped || recorded.is_some())
}

/// Ends the stack that runs with this folder and deletes all its data.
pub async fn reset(folder: &Path) -> Result<(), DevstackError> {
    let folder = create(folder)?;
    stop(&folder).await?;
    for service in [
        PostgresKind::SERVICE,
        KafkaKind::SERVICE,
        MongoDbKind::SERVICE,
        MailCatcherKind::SERVICE,
    ] {
        let home = folder.join(service);
        cache::remove(&home::fallback(&home))?;
        cache::remove(&home)?;
    }
    if let Some(compose) = Compose::for_development().await {
        compose.remove().await?;
    }
    state::remove_lock(&folder)?;
    // Only if nothing of anyone else's is in it.
    let _ = std::fs::remove_dir(&folder);
    Ok(())
}

pub(crate) fn create(folder: &Path) -> Result<PathBuf, DevstackError> {
    home::create(&absolute(folder).map_err(DevstackError::io(folder))?)
}

pub(crate) fn take(folder: &Path) -> Result<Lock, DevstackError> {
    Lock::try_take(folder)?.ok_or_else(|| in_use(folder))
}

/// What a detached stack left up; waits for the servers of one that is still ending.
pub(crate) async fn left_up(folder: &Path) -> Option<Status> {
    let recorded = state::read(folder)?;
    if recorded.detached {
        let mut servers = recorded.servers.iter();
        let any = servers.any(|server| server.running_process().is_some());
        return any.then_some(recorded);
    }
    let begun = Instant::now();
    for server in &recorded.servers {
        while let Some(process) = server.running_process() {
            if begun.elapsed() > ENDED_WITHIN {
                kill_all(process.pid);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    None
}

async fn take_within(folder: &Path, limit: Duration) -> Result<Lock, DevstackError> {
    let begun = Instant::now();
    loop {
        match take(folder) {
            Err(DevstackError::InUse { .. }) if begun.elapsed() < limit => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            outcome => return outcome,
        }
    }
}

async fn end_recorded<K: Kind>(recorded: &Status) {
    let process = recorded.server::<K>().and_then(|it| it.running_process());
    if let Some(process) = process
        && end::<K>(process.pid).await.is_err()
    {
        kill_all(process.pid);
    }
}

fn in_use(folder: &Path) -> DevstackError {
    DevstackError::InUse {
        folder: folder.to_owned(),
        pid: state::read(folder).map_or(0, |status| status.owner),
    }
}
