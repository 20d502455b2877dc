use std::io;
use std::path::{Path, PathBuf};

/// Everything that can keep a server from running.
#[derive(Debug, thiserror::Error)]
pub enum DevstackError {
    #[error("`{program}` was not found; it is needed {purpose}. To get it: {install}")]
    Missing {
        program: &'static str,
        purpose: &'static str,
        install: &'static str,
    },

    #[error("`{command}` failed: {output}")]
    Command { command: String, output: String },

    #[error("{server} ended while starting; the end of {}:\n{tail}", log.display())]
    Exited {
        server: &'static str,
        log: PathBuf,
        tail: String,
    },

    #[error(
        "{server} at {address} did not answer within {seconds} s ({cause}); the end of its log:\n{tail}"
    )]
    NotReady {
        server: &'static str,
        address: String,
        seconds: u64,
        cause: String,
        tail: String,
    },

    #[error("{server} (process {pid}) is still running after {seconds} s")]
    StillRunning {
        server: &'static str,
        pid: u32,
        seconds: u64,
    },

    #[error("{server} was not started here, so it cannot be stopped, started or paused")]
    NotOurs { server: &'static str },

    #[error("no free port below 32768 was found for {server}")]
    NoPort { server: &'static str },

    #[error("the development stack in {} is already in use by process {pid}", folder.display())]
    InUse { folder: PathBuf, pid: u32 },

    #[error("`{name}` is not a database name: letters, digits and `_` only")]
    DatabaseName { name: String },

    /// Not repeated here: it may hold a password.
    #[error("DATABASE_URL is not a postgres:// address")]
    DatabaseUrl,

    #[error("{}", join(.0))]
    Several(Vec<DevstackError>),

    #[error("the caught mails cannot be read: {0}")]
    Mails(String),

    #[error("Postgres: {}", with_cause(.0))]
    Postgres(#[from] tokio_postgres::Error),

    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl DevstackError {
    /// For `map_err`: which file or folder an input/output error is about.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// One error of at least one.
    pub(crate) fn all(errors: impl Iterator<Item = Self>) -> Self {
        let mut errors: Vec<Self> = errors.collect();
        match errors.pop() {
            Some(only) if errors.is_empty() => only,
            last => {
                errors.extend(last);
                Self::Several(errors)
            }
        }
    }
}

fn join(errors: &[DevstackError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

/// `tokio_postgres` says only "db error" or "error connecting" and keeps the rest in the source.
pub(crate) fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_cause(source)),
        None => error.to_string(),
    }
}
