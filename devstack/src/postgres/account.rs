use std::ffi::OsString;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tokio::process::Command;

use crate::DevstackError;
use crate::command::{Program, run};

const SETPRIV: Program = Program {
    name: "setpriv",
    purpose: "to run Postgres, which refuses to run as root, as the user postgres",
    install: "apt-get install util-linux",
};

const POSTGRES_USER: Program = Program {
    name: "user postgres",
    purpose: "to run Postgres, which refuses to run as root",
    install: "apt-get install postgresql, or useradd --system postgres",
};

/// Who runs Postgres: the current user, or for root the user `postgres`.
pub(super) enum Account {
    Own,
    Postgres {
        setpriv: PathBuf,
        user: u32,
        group: u32,
    },
}

impl Account {
    pub async fn of_server() -> Result<Self, DevstackError> {
        if !geteuid().is_root() {
            return Ok(Self::Own);
        }
        Ok(Self::Postgres {
            setpriv: SETPRIV.require()?,
            user: id("-u").await?,
            group: id("-g").await?,
        })
    }

    /// The command line that runs this program under the account.
    pub fn command(&self, program: PathBuf) -> Vec<OsString> {
        match self {
            Self::Own => vec![program.into()],
            Self::Postgres { setpriv, .. } => vec![
                setpriv.into(),
                "--reuid=postgres".into(),
                "--regid=postgres".into(),
                "--clear-groups".into(),
                program.into(),
            ],
        }
    }

    /// Makes the account the folder's owner.
    pub fn take(&self, folder: &Path) -> Result<(), DevstackError> {
        match self {
            Self::Own => Ok(()),
            Self::Postgres { user, group, .. } => {
                chown(folder, Some(*user), Some(*group)).map_err(DevstackError::io(folder))
            }
        }
    }

    /// False also when a folder above it is closed to the account.
    pub async fn can_write(&self, folder: &Path) -> bool {
        let line = self.command("test".into());
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).arg("-w").arg(folder);
        run(&mut command).await.is_ok()
    }
}

async fn id(which: &str) -> Result<u32, DevstackError> {
    let answer = run(Command::new("id").args([which, "postgres"])).await;
    answer
        .ok()
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| POSTGRES_USER.missing())
}
