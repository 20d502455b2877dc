//! What is fetched or built once for each user of the machine.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::DevstackError;
use crate::progress::Progress;

fn root() -> PathBuf {
    let named = |variable| {
        env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    named("XDG_CACHE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("orders-devstack")
}

/// The cached folder `name`, filled by `fill` if there is none with the file `proof` in it.
///
/// The folder appears under its name only when it is complete, and only one process fills it.
pub(crate) async fn folder(
    name: &str,
    proof: &str,
    what: &str,
    fill: impl AsyncFnOnce(&Path) -> Result<(), DevstackError>,
) -> Result<PathBuf, DevstackError> {
    let root = root();
    let wanted = root.join(name);
    if wanted.join(proof).exists() {
        return Ok(wanted);
    }
    let _progress = Progress::start(what);
    fs::create_dir_all(&root).map_err(DevstackError::io(&root))?;
    let _lock = lock(root.join(format!("{name}.lock"))).await?;
    if wanted.join(proof).exists() {
        return Ok(wanted);
    }
    let partial = root.join(format!("{name}.partial"));
    remove(&partial)?;
    remove(&wanted)?;
    fs::create_dir(&partial).map_err(DevstackError::io(&partial))?;
    fill(&partial).await?;
    fs::rename(&partial, &wanted).map_err(DevstackError::io(&wanted))?;
    Ok(wanted)
}

/// Waits for the lock on this file, which is held until the returned handle is dropped.
pub(crate) async fn lock(path: PathBuf) -> Result<File, DevstackError> {
    let file = File::create(&path).map_err(DevstackError::io(&path))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        .map_err(DevstackError::io(&path))
}

/// Removes a folder and all in it, if there is one.
pub(crate) fn remove(folder: &Path) -> Result<(), DevstackError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DevstackError::io(folder)(error))
        }
        _ => Ok(()),
    }
}
