//! The mails, one file each, numbered in the order in which they were taken.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Store {
    folder: PathBuf,
    last: AtomicU64,
}

impl Store {
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let store = Self {
            folder: folder.to_owned(),
            last: AtomicU64::new(0),
        };
        let last = store.ids()?.into_iter().next_back().unwrap_or_default();
        store.last.store(last, Ordering::Relaxed);
        Ok(store)
    }

    /// Keeps a message, with its envelope before its own headers. When this returns, it outlives
    /// the process, not the machine: it is there to be looked at.
    pub fn keep(&self, sender: &str, recipients: &[String], message: &[u8]) -> io::Result<String> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let partial = self.folder.join(format!("{id:08}.partial"));
        let mut whole = format!("Return-Path: <{sender}>\r\n");
        for recipient in recipients {
            whole.push_str(&format!("Delivered-To: {recipient}\r\n"));
        }
        let mut whole = whole.into_bytes();
        whole.extend_from_slice(message);
        fs::write(&partial, whole)?;
        fs::rename(&partial, self.file(id))?;
        Ok(format!("{id:08}"))
    }

    /// All there are, the oldest first.
    pub fn ids(&self) -> io::Result<Vec<u64>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".eml"));
            ids.extend(id.and_then(|id| id.parse::<u64>().ok()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// `None` where there is none of that number.
    pub fn read(&self, id: u64) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(id)) {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn file(&self, id: u64) -> PathBuf {
        self.folder.join(format!("{id:08}.eml"))
    }
}
