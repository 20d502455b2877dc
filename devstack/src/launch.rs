use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(crate) command: Vec<OsString>,
    pub(crate) port: u16,
    pub(crate) variables: Vec<(&'static str, &'static str)>,
    /// The data folder, which is named in the command: so the process can be recognised.
    pub(crate) data: PathBuf,
}

/// Whether a server outlives the process that starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Tied,
    /// Ends with the process that starts it, and its folder is removed then.
    Temporary,
    Detached,
}

impl Life {
    pub fn word(self) -> &'static str {
        match self {
            Self::Tied | Self::Temporary => "tied",
            Self::Detached => "detached",
        }
    }

    /// What the supervisor ends the server with. Data that is thrown away need not be tidy.
    pub fn last_signal(self, graceful: &'static str) -> &'static str {
        match self {
            Self::Temporary => "KILL",
            Self::Tied | Self::Detached => graceful,
        }
    }

    pub fn folder_to_remove(self, home: &Path) -> OsString {
        match self {
            Self::Temporary => home.as_os_str().to_owned(),
            Self::Tied | Self::Detached => OsString::new(),
        }
    }
}
