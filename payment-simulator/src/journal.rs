use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::record::Record;

/// A file of lines, each a list of records that happened together. A line counts once its end is
/// there, so that of what happened together all is read again, or nothing.
///
/// A thread of its own writes what has come together since it last looked, and syncs it as one.
pub struct Journal {
    lines: Arc<Lines>,
    /// Bytes that are on the disk; closed when writing has failed.
    synced: watch::Receiver<u64>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal {path} cannot be used: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the journal {path} is in use by another process")]
    InUse { path: PathBuf },
    #[error("the journal {path} is damaged in line {line}: {source}")]
    Damaged {
        path: PathBuf,
        line: usize,
        source: serde_json::Error,
    },
    #[error("a record cannot be written: {0}")]
    Record(serde_json::Error),
    #[error("the journal could not be written; the log says why")]
    Broken,
}

struct Lines {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Of all lines since the start, those that wait included.
    end: u64,
    closed: bool,
}

impl Journal {
    /// Reads every whole line, and cuts off what is behind the last one: nobody was answered on it.
    pub fn open(path: &Path, read: impl FnMut(Vec<Record>)) -> Result<Self, JournalError> {
        let fault = |source| JournalError::File {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fault)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::InUse {
                path: path.to_owned(),
            },
            TryLockError::Error(source) => fault(source),
        })?;
        let end = read_lines(&file, path, read)?;
        file.set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)))
            .and_then(|_| file.sync_all())
            .and_then(|()| sync_folder(path))
            .map_err(fault)?;
        let lines = Arc::new(Lines {
            waiting: Mutex::default(),
            bell: Condvar::new(),
        });
        let (done, synced) = watch::channel(0);
        let theirs = lines.clone();
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(&theirs, file, &done))
            .map_err(fault)?;
        Ok(Self {
            lines,
            synced,
            writer: Some(writer),
        })
    }

    /// Puts one line behind those before it. It is on the disk when [`Self::synced`] says so.
    pub fn append(&self, records: &[Record]) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(records).map_err(JournalError::Record)?;
        line.push(b'\n');
        let mut waiting = self.lines.lock();
        waiting.end += line.len() as u64;
        waiting.bytes.append(&mut line);
        drop(waiting);
        self.lines.bell.notify_one();
        Ok(())
    }

    /// Waits until all that was appended so far is on the disk.
    pub async fn synced(&self) -> Result<(), JournalError> {
        let end = self.lines.lock().end;
        let mut synced = self.synced.clone();
        let reached = synced.wait_for(|synced| *synced >= end).await;
        reached.map(drop).map_err(|_| JournalError::Broken)
    }

    /// Ends when the journal cannot be written any more.
    pub async fn broken(&self) -> JournalError {
        let mut synced = self.synced.clone();
        while synced.changed().await.is_ok() {}
        JournalError::Broken
    }
}

impl Drop for Journal {
    /// What was appended is written, and the file is free for another.
    fn drop(&mut self) {
        self.lines.lock().closed = true;
        self.lines.bell.notify_one();
        if let Some(writer) = self.writer.take() {
            // A writer that has panicked has said so.
            let _ = writer.join();
        }
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits, and where it ends; `None` when nothing does and nothing will.
    fn next(&self) -> Option<(Vec<u8>, u64)> {
        let mut waiting = self.lock();
        while waiting.bytes.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self
                .bell
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Some((std::mem::take(&mut waiting.bytes), waiting.end))
    }
}

fn write(lines: &Lines, mut file: File, done: &watch::Sender<u64>) {
    while let Some((bytes, end)) = lines.next() {
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            // What is on the disk now is known when it is read again, by the next process.
            tracing::error!(%error, "the journal cannot be written");
            return;
        }
        done.send_replace(end);
    }
}

/// Where the last whole line ends.
fn read_lines(
    file: &File,
    path: &Path,
    mut read: impl FnMut(Vec<Record>),
) -> Result<u64, JournalError> {
    let mut reader = BufReader::new(file);
    let (mut end, mut line) = (0, Vec::new());
    for number in 1.. {
        line.clear();
        let length = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| JournalError::File {
                path: path.to_owned(),
                source,
            })?;
        if line.last() != Some(&b'\n') {
            break;
        }
        let records = serde_json::from_slice(&line).map_err(|source| JournalError::Damaged {
            path: path.to_owned(),
            line: number,
            source,
        })?;
        read(records);
        end += length as u64;
    }
    Ok(end)
}

/// A file that was just made is there after a crash, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
