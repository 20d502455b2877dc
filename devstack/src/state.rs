//! What a running development stack tells other processes, in files in its folder.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DevstackError;
use crate::kind::Kind;
use crate::process_table::works_in;
use crate::server::Server;

/// A development stack as recorded by the process that started it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The process that started it.
    pub owner: u32,
    /// Whether it stays up when that process ends.
    pub detached: bool,
    pub servers: Vec<ServerStatus>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerStatus {
    pub name: String,
    /// The environment variable that takes the address.
    pub variable: String,
    pub address: String,
    /// Of a native one, which may have ended since.
    pub process: Option<ProcessStatus>,
    pub in_container: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessStatus {
    pub pid: u32,
    pub port: u16,
    /// Named on its command line.
    pub folder: PathBuf,
}

impl Status {
    /// Lines for a shell that name the servers.
    pub fn exports(&self) -> String {
        self.servers.iter().map(ServerStatus::export).collect()
    }

    pub(crate) fn server<K: Kind>(&self) -> Option<&ServerStatus> {
        self.servers
            .iter()
            .find(|server| server.variable == K::VARIABLE)
    }
}

impl ServerStatus {
    pub(crate) fn of<K: Kind>(server: &Server<K>, in_container: bool) -> Self {
        Self {
            name: K::NAME.to_owned(),
            variable: K::VARIABLE.to_owned(),
            address: server.address.clone(),
            process: server.process(),
            in_container,
        }
    }

    /// The process of a native one, if it runs.
    pub fn running_process(&self) -> Option<&ProcessStatus> {
        let process = self.process.as_ref()?;
        works_in(process.pid, &process.folder).then_some(process)
    }

    fn export(&self) -> String {
        let quoted = self.address.replace('\'', r"'\''");
        format!("export {}='{quoted}'\n", self.variable)
    }
}

fn state_file(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// What is recorded, whether or not it still runs.
pub(crate) fn read(folder: &Path) -> Option<Status> {
    let text = fs::read(state_file(folder)).ok()?;
    serde_json::from_slice(&text).ok()
}

pub(crate) fn write(folder: &Path, status: &Status) -> Result<(), DevstackError> {
    let file = state_file(folder);
    let partial = folder.join("state.json.partial");
    let text = serde_json::to_vec_pretty(status).map_err(std::io::Error::from);
    text.and_then(|text| fs::write(&partial, text))
        .and_then(|()| fs::rename(&partial, &file))
        .map_err(DevstackError::io(&file))
}

pub(crate) fn remove(folder: &Path) -> Result<(), DevstackError> {
    remove_file(&state_file(folder))
}

/// Frees nothing: who holds the lock keeps it.
pub(crate) fn remove_lock(folder: &Path) -> Result<(), DevstackError> {
    remove_file(&lock_file(folder))
}

fn remove_file(file: &Path) -> Result<(), DevstackError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DevstackError::io(file)(error)),
        _ => Ok(()),
    }
}

/// Held by the process whose attached stack this is, and by any process while it starts or
/// stops one. The system frees it when that process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// `None` if another has it.
    pub fn try_take(folder: &Path) -> Result<Option<Self>, DevstackError> {
        let path = lock_file(folder);
        let file = File::create(&path).map_err(DevstackError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(DevstackError::io(&path)(error)),
        }
    }
}
