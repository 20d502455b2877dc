//! The mails, one after the other in one file, each behind its length; numbered from 1. A file for
//! each would take the file system longer than all the rest that is done with a mail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Store {
    file: File,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    /// Where each mail begins, and how long it is.
    mails: Vec<(u64, usize)>,
    end: u64,
}

const LENGTH: u64 = size_of::<u64>() as u64;

impl Store {
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join("mails");
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let file = file.open(path)?;
        let size = file.metadata()?.len();
        let mut index = Index::default();
        // The last one may have been cut off, and was not accepted then.
        while index.end + LENGTH <= size {
            let mut length = [0; LENGTH as usize];
            file.read_exact_at(&mut length, index.end)?;
            let (begin, length) = (index.end + LENGTH, u64::from_be_bytes(length));
            if length > size - begin {
                break;
            }
            index.mails.push((begin, length as usize));
            index.end = begin + length;
        }
        file.set_len(index.end)?;
        let index = Mutex::new(index);
        Ok(Self { file, index })
    }

    /// Keeps a message, with its envelope before its own headers. When this returns, it outlives
    /// the process, not the machine: it is there to be looked at.
    pub fn keep(&self, sender: &str, recipients: &[String], message: &[u8]) -> io::Result<String> {
        let mut envelope = format!("Return-Path: <{sender}>\r\n");
        for recipient in recipients {
            envelope.push_str(&format!("Delivered-To: {recipient}\r\n"));
        }
        let length = envelope.len() + message.len();
        let whole = [&(length as u64).to_be_bytes(), envelope.as_bytes(), message];
        let mut index = self.index();
        let begin = index.end + LENGTH;
        self.file.write_all_at(&whole.concat(), index.end)?;
        index.mails.push((begin, length));
        index.end = begin + length as u64;
        Ok(format!("{:08}", index.mails.len()))
    }

    /// The number of the newest; zero when there is none.
    pub fn newest(&self) -> u64 {
        self.index().mails.len() as u64
    }

    /// `None` where there is none of that number.
    pub fn read(&self, id: u64) -> io::Result<Option<Vec<u8>>> {
        let place = |id: usize| self.index().mails.get(id).copied();
        let Some((begin, length)) = id.checked_sub(1).and_then(|id| place(id as usize)) else {
            return Ok(None);
        };
        let mut mail = vec![0; length];
        self.file.read_exact_at(&mut mail, begin)?;
        Ok(Some(mail))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
