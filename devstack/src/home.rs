//! Where a server keeps its data and its log.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::DevstackError;

/// Where Postgres goes when its account cannot reach the wanted folder.
pub(crate) fn fallback(wanted: &Path) -> PathBuf {
    let digest = Sha256::digest(wanted.as_os_str().as_encoded_bytes());
    let mut name = "orders-devstack-".to_owned();
    for byte in &digest[..8] {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    Path::new("/var/tmp").join(name)
}

pub(crate) fn create(folder: &Path) -> Result<PathBuf, DevstackError> {
    fs::create_dir_all(folder).map_err(DevstackError::io(folder))?;
    Ok(folder.to_owned())
}

pub(crate) fn log(home: &Path) -> PathBuf {
    home.join("server.log")
}
